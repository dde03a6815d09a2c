#! check a setting wherever it stands is overridden by the end of its path
  dlm 1

  data prices {
    source: table {
      | size | price |
      | 1    | 10    |
      | 2    |       |
      | 3    | 31    |
    }
    input  size:  number = size |> standardize
    input  price: number = price |> impute(value: 4)
    target cost:  number = size * 2
  }

  model net on (size: number, price: number) -> number {
    concat(size, price)
    |> dense(4, tanh) as hidden
    |> dropout(20%)
    |> dense(1)       as out
  }

  train {
    model:     net
    data:      prices
    loss:      mse
    optimizer: adam
    regularize {
      l1(1e-4) on hidden.w
      l2(1e-4) on *.w
      l2(1e-3) on out.b
    }
    batch:     all
    for:       10 epochs
  }
#! set l1.lambda=0
#! set hidden.units=3
#! set price.impute.value=2%
#! set net.dropout.p=30%
#! set optimizer.lr=0.1
#! set regularize.l2[1].lambda=3px => wrong-unit
#! set l2[0].lamda=1 => override-unmatched: `train.regularize.l2[0].lambda`
#! set lambda=1 => override-ambiguous: `train.regularize.l1.lambda`
