using static SyncCluster.Gateway.Tests.Requests.CallPayloads;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class JsonArgumentsTests
{
    [Theory]
    [InlineData("""{"task_arguments":[1.00,"a",{"z":1,"a":2}]}""", """[1.00,"a",{"z":1,"a":2}]""")]
    [InlineData("""{"other":[0],"task_arguments":[1],"more":{"task_arguments":[2]}}""", "[1]")]
    [InlineData("""{"task\u005farguments":[1]}""", "[1]")]
    [InlineData("""{"task_arguments":[1],"task_arguments":[2]}""", "[2]")]
    [InlineData("""{"task_arguments":[1],"task_arguments":null}""", "[]")]
    [InlineData("""{"task_arguments":"a"}""", """["a"]""")]
    [InlineData("""{"task_arguments":12345678901234567890.10}""", "[12345678901234567890.10]")]
    [InlineData("""{"task_arguments":{"a": 1}}""", """[{"a": 1}]""")]
    [InlineData("""{"task_arguments":null}""", "[]")]
    public void The_member_task_arguments_is_an_array_or_the_one_argument(string body, string arguments) =>
        Assert.Equal(arguments, ArgumentsOf(JsonType, body));

    [Theory]
    [InlineData("[]", "[]")]
    [InlineData("""[1,"a",null]""", """[1,"a",null]""")]
    [InlineData("""[{"access_token":"t"}]""", """[{"access_token":"t"}]""")]
    public void An_array_is_the_arguments_themselves(string body, string arguments) => Assert.Equal((arguments, null), Accepted(JsonType, body));

    [Theory]
    [InlineData("1.50")]
    [InlineData("\"a\"")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("""{"Task_Arguments":[1],"z":1.0}""")]
    public void Any_other_value_is_the_only_argument(string body) => Assert.Equal($"[{body}]", ArgumentsOf(JsonType, body));

    [Theory]
    [InlineData("""{"access_token":"t","a":1.0,"b":2}""", """[{"a":1.0,"b":2}]""")]
    [InlineData("""{ "access_token" : "t" , "a":1 }""", """[{ "a":1 }]""")]
    [InlineData("""{"a":1,"access_token":"t","b":2}""", """[{"a":1,"b":2}]""")]
    [InlineData("""{"a":1 , "access_token":"t" }""", """[{"a":1 }]""")]
    [InlineData("""{"a":{"access_token":"u"},"access_token":"t"}""", """[{"a":{"access_token":"u"}}]""")]
    [InlineData("""{"access_token":"t"}""", "[]")]
    [InlineData("""{"access_token":"t","task_arguments":[1]}""", "[1]")]
    [InlineData("""{"task_arguments":[1],"access\u005ftoken":"\u0074"}""", "[1]")]
    public void The_token_is_taken_out_of_the_arguments(string body, string arguments) => Assert.Equal((arguments, "t"), Accepted(JsonType, body));

    [Fact]
    public void An_empty_object_gives_no_arguments() => Assert.Equal("[]", ArgumentsOf(JsonType, "{}"));

    [Theory]
    [InlineData("""{"access_token":1}""")]
    [InlineData("""{"access_token":null,"task_arguments":[]}""")]
    [InlineData("""{"access_token":["t"]}""")]
    [InlineData("""{"access_token":"t","access_token":"t"}""")]
    [InlineData("""{"access_token":"t","a":1,"access_token":"t"}""")]
    public void A_token_that_is_no_string_or_comes_twice_is_400(string body)
    {
        var (status, message) = Refused(JsonType, body);
        Assert.Equal(400, status);
        Assert.Contains("access_token", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1,]", "line 1, byte 4")]
    [InlineData("[1", "line 1, byte 3")]
    [InlineData("{\n  \"a\": secret\n}", "line 2, byte 8")]
    [InlineData("[1] secret", "line 1, byte 5")]
    [InlineData("{'secret':1}", "line 1, byte 2")]
    [InlineData("[1]//secret", "line 1, byte 4")]
    [InlineData("[NaN]", "line 1, byte 2")]
    [InlineData("   ", "line 1, byte 4")]
    public void Malformed_JSON_is_400_and_says_where_but_not_what(string body, string place)
    {
        var (status, message) = Refused(JsonType, body);
        Assert.Equal(400, status);
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.DoesNotContain("'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(256, "", "", true)]
    [InlineData(257, "", "", false)]
    [InlineData(255, """{"task_arguments":""", "}", true)]
    [InlineData(256, """{"task_arguments":""", "}", false)]
    [InlineData(254, """{"a":""", "}", true)]
    [InlineData(255, """{"a":""", "}", false)]
    [InlineData(100_000, """{"a":""", "", false)]
    public void Arguments_nest_at_most_256_levels_with_their_own_array(int levels, string before, string after, bool accepted)
    {
        var body = before + new string('[', levels) + new string(']', levels) + after;
        if (accepted)
        {
            ArgumentsOf(JsonType, body);
            return;
        }

        var (status, message) = Refused(JsonType, body);
        Assert.Equal(400, status);
        Assert.Contains("deeper than 256", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_utf8_is_400() => Assert.Equal(400, Refused(JsonType, [(byte)'"', 0xC3, 0x28, (byte)'"']).Status);

    [Theory]
    [InlineData("\uFEFF[1]", "[1]")]
    [InlineData("\uFEFF{\"task_arguments\":[1]}", "[1]")]
    [InlineData("\uFEFF", "[]")]
    public void A_byte_order_mark_is_tolerated(string body, string arguments) => Assert.Equal(arguments, ArgumentsOf(JsonType, body));

    [Theory]
    [InlineData("""["\ud800","\\ud800","\uD83D\uDE00"]""", """["\ufffd","\\ud800","\uD83D\uDE00"]""")]
    [InlineData("""{"\udc00xxxxxxxxxx":1}""", """[{"\ufffdxxxxxxxxxx":1}]""")]
    public void Half_a_surrogate_pair_becomes_the_replacement_character(string body, string arguments) =>
        Assert.Equal(arguments, ArgumentsOf(JsonType, body));

    [Fact]
    public void An_array_may_have_more_elements_than_a_form_fields()
    {
        var body = "[" + string.Join(',', Enumerable.Repeat("1", 20_000)) + "]";
        Assert.Equal(body, ArgumentsOf(JsonType, body));
    }
}
