data auctions{{}
agestandardize
model hammer on age-> (price: number, days: number)