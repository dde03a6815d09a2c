data table{|{|:
fn lecun_normal(fan_in())
fn upsamplemae