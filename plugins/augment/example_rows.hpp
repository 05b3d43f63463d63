#pragma once

/// Two records for the examples of operators that copy records: an original and one that an earlier
/// node has made.
#define MR_EXAMPLE_ROWS                                                                              \
  R"({"@root": [0, 1], "url": ["qiniu:///z0/in/a.png", "qiniu:///z0/in/b.png"],)"                    \
  R"( "type": ["image", "image"], "label": ["{\"class\":{\"pulp\":\"normal\"}}", null],)"            \
  R"( "record": ["{\"url\":\"qiniu:///z0/in/a.png\",\"label\":{\"class\":{\"pulp\":\"normal\"}}}",)" \
  R"( "{\"url\":\"qiniu:///z0/in/b.png\"}"],)"                                                       \
  R"( "identity": ["qiniu:///z0/in/a.png#source:1", "qiniu:///z0/in/b.png#source:2#tilt:0"],)"       \
  R"( "file": ["qiniu:///z0/in/list", "qiniu:///z0/in/list"], "line": [1, 2], "ops": [null, "flip"]})"
