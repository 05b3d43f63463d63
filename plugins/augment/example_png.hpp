#pragma once

/// A PNG of 4x3 pixels in base64, for the examples of operators that read pictures. A literal, so
/// that it joins its neighbours.
#define MR_EXAMPLE_PNG                                                                   \
  "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAKklEQVR42g3HMQEAMAzDMAMriMApnIAoCMPa" \
  "9AlwcPEQ4sSNl586devVByI2EVltOnlVAAAAAElFTkSuQmCC"
