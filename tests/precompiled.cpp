// The precompiled header of all tests is built with this file: a target whose every source skips it
// gets no rule for it.
