"""Stage classify: classes of documents by transformer classifiers, such as education, registers or toxicity."""
