"""Operations as records: shapes, forwards, gradients, costs, one record each, and the few ways of making one."""
