"""Parts of pages that Streamlit has not: the list of tickets and the conversation with its sound."""
