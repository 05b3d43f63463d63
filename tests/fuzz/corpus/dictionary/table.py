from __future__ import unicode_literals
P={'B': {'\u4e00': -3.65},
 'E': {'x': -1e2,}}
