#pragma once

#include "plugins/records/labels.hpp"

namespace millrace::augment {

/// Returns the area of the plane that a polygon winds around, in square pixels: exact where its
/// sides do not cross, else from 512 lines through it. The shoelace formula alone counts what a
/// polygon winds around the other way as less than nothing: a bow tie would have no area.
double area(const records::Polygon& polygon);

}  // namespace millrace::augment
