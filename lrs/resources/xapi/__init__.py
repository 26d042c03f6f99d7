"""The xAPI resources, one MethodView each."""
