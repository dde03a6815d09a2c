     |
  }
}train{adamax       pupil
exams