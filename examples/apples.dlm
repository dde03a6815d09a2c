dlm 1

## Apples on a sorting line: how they are graded, and which flaws the sorter has called out. The rows are made up.
##
## The lesson: a grade is one of several values that stand in an order, and of flaws several may be there at once, or none. An
## ordinal and a set say so; the first is learned by steps from grade to grade, the second flaw by flaw.
data apples {
  source: table {
    | grams | blush | spots | rough | dents | grade | flaws                |
    | 212   | 80    |  0    |  2    | 0     | extra |                      |
    | 198   | 75    |  0    |  5    | 0     | extra |                      |
    | 205   | 66    |  1    |  3    | 0     | extra |                      |
    | 187   | 70    |  1    |  8    | 0     | extra |                      |
    | 190   | 55    |  0    | 28    | 0     | one   | russet               |
    | 176   | 60    |  2    |  4    | 1     | one   | bruise               |
    | 181   | 48    |  1    | 22    | 0     | one   | russet               |
    | 169   | 52    |  7    |  6    | 0     | one   | scab                 |
    | 172   | 64    |  0    |  9    | 1     | one   | bruise               |
    | 160   | 41    |  9    |  5    | 1     | two   | scab; bruise         |
    | 158   | 44    |  8    | 31    | 0     | two   | scab; russet         |
    | 149   | 38    |  2    | 35    | 2     | two   | russet; bruise       |
    | 151   | 30    | 12    |  7    | 0     | two   | scab                 |
    | 144   | 35    |  1    | 40    | 1     | two   | russet; bruise       |
    | 131   | 22    | 14    | 33    | 2     | press | scab; russet; bruise |
    | 126   | 18    | 16    |  6    | 3     | press | scab; bruise         |
    | 118   | 25    | 11    | 45    | 1     | press | scab; russet; bruise |
    | 122   | 15    | 18    |  8    | 0     | press | scab                 |
  }
  input  look:  f32[5] = [grams, blush, spots, rough, dents] |> standardize
  target grade: ordinal["press", "two", "one", "extra"]
  target flaws: set["bruise", "scab", "russet"] = flaws |> separated(missing: empty)
}

model sorter on look: f32[5] -> (grade: logit[3], flaws: logit[3]) {
  seen = look |> dense(8, tanh) as seen
  (grade: seen |> coral(4) as grades, flaws: seen |> dense(3) as calls)
}

train {
  model:     sorter
  data:      apples
  loss:      coral on grade + binary_cross_entropy on flaws
  optimizer: adam(lr: 0.05)
  batch:     all
  for:       200 steps
  seed:      1
  metrics:   [mae on grade, weighted_kappa on grade, subset_accuracy on flaws, jaccard on flaws]
}
