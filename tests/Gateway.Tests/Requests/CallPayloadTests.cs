using SyncCluster.Gateway.Requests;
using static SyncCluster.Gateway.Tests.Requests.CallPayloads;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class CallPayloadTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("%%%")]
    public void No_body_is_an_empty_array_whatever_the_content_type(string? contentType) => Assert.Equal("[]", ArgumentsOf(contentType, ""));

    [Theory]
    [InlineData("application/json")]
    [InlineData("Application/JSON; charset=UTF-8")]
    [InlineData("application/json;charset=\"utf-8\"")]
    [InlineData("application/json; odata=verbose")]
    [InlineData("application/vnd.theeye+json")]
    public void JSON_comes_under_its_own_name_or_with_the_suffix(string contentType) => Assert.Equal("[1]", ArgumentsOf(contentType, "[1]"));

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/json")]
    [InlineData("application/xml")]
    [InlineData("application/soap+xml")]
    [InlineData("application/jsonp")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json, text/plain")]
    [InlineData("application/*")]
    [InlineData("json")]
    [InlineData("%%%")]
    public void Any_other_type_is_415_and_names_what_is_supported(string contentType)
    {
        var (status, message) = Refused(contentType, "[1]");
        Assert.Equal(415, status);
        Assert.Contains("application/json", message, StringComparison.Ordinal);
        Assert.Contains("application/x-www-form-urlencoded", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1")]
    public void Another_charset_than_utf8_is_415(string contentType)
    {
        var (status, message) = Refused(contentType, "[1]");
        Assert.Equal(415, status);
        Assert.Contains("charset", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_body_without_a_type_is_415_and_says_which_header_to_send(string? contentType)
    {
        var (status, message) = Refused(contentType, "[1]");
        Assert.Equal(415, status);
        Assert.Contains("`Content-Type: application/json`", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?task_arguments[]=a&task_arguments[]=b", """["a","b"]""")]
    [InlineData("?task_arguments=a", """["a"]""")]
    [InlineData("?task_arguments", """[""]""")]
    [InlineData("?task_arguments[1]=b&task_arguments[0]=a", """["a","b"]""")]
    [InlineData("?task_arguments%5B%5D=%22%C3%A9%5C", """["\"é\\"]""")]
    [InlineData("?access_token=t&parse", "[]")]
    public void The_query_gives_arguments_where_the_body_gives_none(string query, string arguments)
    {
        Assert.Equal(arguments, ArgumentsOf(null, "", query));
        Assert.Equal(arguments, ArgumentsOf(JsonType, "{}", query));
        Assert.Equal(arguments, ArgumentsOf(JsonType, """{"access_token":"t"}""", query));
        Assert.Equal(arguments, ArgumentsOf(JsonType, """{"task_arguments":null}""", query));
        Assert.Equal(arguments, ArgumentsOf(FormType, "other=1", query));
    }

    [Theory]
    [InlineData(JsonType, """{"task_arguments":["body"]}""")]
    [InlineData(JsonType, """["body"]""")]
    [InlineData(FormType, "task_arguments=body")]
    public void Arguments_of_the_body_stand_above_those_of_the_query(string contentType, string body) =>
        Assert.Equal("""["body"]""", ArgumentsOf(contentType, body, "?task_arguments=query"));

    [Fact]
    public void An_empty_array_in_the_body_stands_above_the_query() => Assert.Equal("[]", ArgumentsOf(JsonType, "[]", "?task_arguments=query"));

    [Fact]
    public void A_query_that_names_no_place_is_400() => Assert.Equal(400, Refused(null, "", "?task_arguments[x]=a").Status);

    [Fact]
    public void What_is_read_shows_no_token_in_a_log()
    {
        var arguments = new CallPayload("[\"hidden\"]"u8.ToArray(), "hidden");
        Assert.DoesNotContain("hidden", arguments.ToString(), StringComparison.Ordinal);
    }
}
