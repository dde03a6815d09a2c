


dlm    1
use   "blocks.dlm"   {conv_norm
residual   as    res ,  gated
}
use std.vision{resnet18}
let   width:int=32;let half=width/2   # half of it


let a_number_with_a_very_long_name_that_goes_on : real = some_function_with_a_long_name(first_argument: 1.0, second_argument: 2.0, third: 3.0)
##   What the data is.


data   flowers{   # the flowers
# own comment


  source:table{
|a|b|name|
|1|-2.25|rose|
|10|3|損失|

|100|0.5||
}
  split :stratified ( train:70 % ,val : 15%,test:15%  )
    seed: 3
  id name:text
  input   length :number=length|>impute(median)|>standardize
  input area: f32[ 2 ]= concat( width_cm*length_cm,log1p(width_cm))|>standardize
  input home:class[ "wood","field",.. ]?
  input many: class["aaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbb", "cccccccccccccccc", "ddddddddddddddd", "eeeeeeeeeeeeeee", "fffffffffffff", "ggggggg"]
  target kind :class["rose","tulip","daisy"]
  ignore notes,"other *"
}
layer gated(units:int=2*width,act:fn=silu)on x:f32[..,I]->f32[..,units]{require units>0,"there is nothing to gate";param w:f32[I,units]~he_normal
param bias:f32[units]~zeros
state seen~0
seen'=seen+1
  a=act(x@w)
long = first_long_name_of_a_value * second_long_name_of_a_value + third_long_name_of_a_value * fourth_long_name_of_a_value - rest
y = if C == channels and stride == 1 then first_long_name_of_a_value else x |> conv(channels, kernel: 1, stride: stride, bias: no) as proj
z = for t in T , h~zeros([U]) =>{ c' = t
h' = -h ^ 2 + (- c)}
  a*(x@v) -
  1
  }
optimizer adamw(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8, decay: real = 0.01, more: real = 1.5) on (p, g, t) { p' = p}
layer conv_norm(channels: int, kernel: int = 3, stride: int = 1, act: fn = relu) on x: f32[H, W, C] -> f32[H / stride, W / stride, channels] = x
model net on (length_of_it: number, area_of_it: f32[2], home_of_it: class[H]?, another_input: tokens[T, V]) -> (logits: logits[K], other: f32[3]) {
  place=home|>embed(half) as table
  concat(both,place)|>gated as inner|>repeat(2,dense(width,relu)) as deep|>dropout(if half==2 then 20% else 0%) |> dense(K) as head
}
fn   f(x)=x   # one
fn    identity(x)   =x+     # after plus
  1
metric sure on(z:logits[K],y:class[K])->score=max(softmax(z)) + some_other_function_with_a_long_name(z, y) * 2000000000
train{model:net; data :flowers
loss: focal( gamma:1.5 )+0.1*cross_entropy
  for:20epochs
  at_most:10 min
  metrics: [accuracy,sure,
     f1(macro),f1(micro)as micro]
  augment image{}
  regularize{l2(1e-4)on *.w
  l1(1e-5)   on head,inner.v}
  lr 0.5x on deep
  freeze norm.shift   until 3epochs
  transfer backbone from "w.safetensors"{
    rename "a.*"->stem.* as oihw
    rename "layer{i}.b.*"->stage{i}[{j}].b.*
    skip "x","y"
  }
  # the end of train
}  # behind it
# the end
