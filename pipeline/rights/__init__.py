"""What sites say about the use of their pages: in the page, in its headers, in robots.txt, or to the publisher."""
