package setup

var QueueFor = queueFor
