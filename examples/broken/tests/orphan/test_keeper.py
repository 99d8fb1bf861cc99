def test_answers_in_one_piece() -> None:
    pass
