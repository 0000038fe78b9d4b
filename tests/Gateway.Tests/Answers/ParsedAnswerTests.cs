using System.Text;
using System.Text.Json;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;
using static SyncCluster.Gateway.Tests.Answers.JobAnswerTests;

namespace SyncCluster.Gateway.Tests.Answers;

public sealed class ParsedAnswerTests
{
    [Fact]
    public void The_users_example_of_a_success_is_answered_as_recorded() =>
        Assert.Equal(
            (200, """{"name":"tomer","date":"2022-01-28T16:26:41.201Z"}"""),
            Shape("""["{\"name\":\"tomer\",\"date\":\"2022-01-28T16:26:41.201Z\"}"]""", AnswerFlags.Parse(0)));

    [Fact]
    public void The_users_example_of_a_failure_is_answered_as_recorded() =>
        Assert.Equal(
            (418, """{"message":"Validation Error. Invalid Argument Value","statusCode":418,"name":"ClientError","code":"","status":418}"""),
            Shape(
                """["{\"message\":\"Validation Error. Invalid Argument Value\",\"statusCode\":418,\"name\":\"ClientError\",\"code\":\"\",\"status\":418}"]""",
                AnswerFlags.Parse(0),
                JobState.Failure));

    [Theory]
    [InlineData("""{"z":1.00,"a":12345678901234567890,"10":1,"2":2}""")]
    [InlineData(""" { "a" : 1 } """)]
    [InlineData("""["a",1]""")]
    [InlineData("\"text \\ud83d\\ude00 \\ud800 é\"")]
    [InlineData("1e999")]
    [InlineData("-0.0")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("""{"\ud800xxxx":1,"a":2}""")]
    public void Text_that_is_JSON_goes_out_as_it_was_written(string text)
    {
        Assert.Equal((200, text), Shape(OutputOf(text), AnswerFlags.Parse(0)));
        Assert.Equal((500, text), Shape(OutputOf(text), AnswerFlags.Parse(0), JobState.Failure));
    }

    [Theory]
    [InlineData("1.50")]
    [InlineData("12345678901234567890")]
    [InlineData("true")]
    [InlineData("false")]
    [InlineData("null")]
    public void A_number_or_a_word_stands_for_itself(string element) => Assert.Equal((200, element), Shape($"[ {element} ]", AnswerFlags.Parse(0)));

    [Theory]
    [InlineData("""["plain text"]""")]
    [InlineData("""[""]""")]
    [InlineData("""["{\"a\":1} x"]""")]
    [InlineData("""["{a:1}"]""")]
    [InlineData("""["NaN"]""")]
    [InlineData("""["\ud800"]""")]
    [InlineData("""["\"\\\ud800\""]""")]
    [InlineData("""["\ufeff{}"]""")]
    [InlineData("""[{"statusCode":418}]""")]
    [InlineData("""[["{}"]]""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"{}\"")]
    [InlineData("""{"0":"{}"}""")]
    public void What_is_no_JSON_gives_the_raw_output(string output)
    {
        Assert.Equal((200, output), Shape(output, AnswerFlags.Parse(0)));
        Assert.Equal((500, output), Shape(output, AnswerFlags.Parse(0), JobState.Failure));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "{\"a\":1}")]
    [InlineData(2, "2")]
    [InlineData(3, """["0","{\"a\":1}",2]""")]
    [InlineData(int.MaxValue, """["0","{\"a\":1}",2]""")]
    public void The_index_names_the_element_and_a_missing_one_gives_the_raw_output(int index, string body) =>
        Assert.Equal((200, body), Shape("""["0","{\"a\":1}",2]""", AnswerFlags.Parse(index)));

    [Fact]
    public void Nested_elements_count_as_one() => Assert.Equal((200, "7"), Shape("""[[1,2,[3]],{"a":[4,5]},7]""", AnswerFlags.Parse(2)));

    [Fact]
    public void Half_a_surrogate_pair_inside_JSON_text_becomes_the_replacement_character() =>
        Assert.Equal((200, "\"a\uFFFD\""), Shape("""["\"a\ud800\""]""", AnswerFlags.Parse(0)));

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Text_nested_deeper_than_256_levels_is_unreadable(int levels, bool readable)
    {
        var text = new string('[', levels) + new string(']', levels);
        Assert.Equal((200, readable ? text : OutputOf(text)), Shape(OutputOf(text), AnswerFlags.Parse(0)));
    }

    [Theory]
    [InlineData("200", 200)]
    [InlineData("201", 201)]
    [InlineData("418", 418)]
    [InlineData("599", 599)]
    [InlineData("\"418\"", 418)]
    [InlineData("\"0418\"", 418)]
    [InlineData("\"\\u00341\\u0038\"", 418)]
    [InlineData("404.0", 404)]
    [InlineData("4.04e2", 404)]
    [InlineData("40400e-2", 404)]
    public void A_statusCode_is_the_status_whatever_the_state(string statusCode, int status)
    {
        var text = $$"""{"statusCode":{{statusCode}},"a":1}""";
        Assert.Equal((status, text), Shape(OutputOf(text), AnswerFlags.Parse(0)));
        Assert.Equal((status, text), Shape(OutputOf(text), AnswerFlags.Parse(0), JobState.Failure));
    }

    [Theory]
    [InlineData("199")]
    [InlineData("600")]
    [InlineData("99")]
    [InlineData("100")]
    [InlineData("0")]
    [InlineData("-200")]
    [InlineData("404.5")]
    [InlineData("1e999")]
    [InlineData("4e2147483648")]
    [InlineData("99999999999999999999999")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[404]")]
    [InlineData("{\"statusCode\":404}")]
    [InlineData("\"\"")]
    [InlineData("\"404 \"")]
    [InlineData("\"404.0\"")]
    [InlineData("\"4e2\"")]
    [InlineData("\"-404\"")]
    [InlineData("\"404\\u0000\"")]
    [InlineData("\"99999999999999999999\"")]
    [InlineData("\"\\ud800\"")]
    public void Any_other_statusCode_is_ignored(string statusCode)
    {
        var text = $$"""{"statusCode":{{statusCode}}}""";
        Assert.Equal((200, text), Shape(OutputOf(text), AnswerFlags.Parse(0)));
        Assert.Equal((500, text), Shape(OutputOf(text), AnswerFlags.Parse(0), JobState.Failure));
    }

    [Theory]
    [InlineData("""{"statusCode":404,"statusCode":410}""", 410)]
    [InlineData("""{"statusCode":404,"statusCode":null}""", 200)]
    [InlineData("""{"statusCode":404,"statusCode":{}}""", 200)]
    [InlineData("""{"status\u0043ode":404}""", 404)]
    [InlineData("""{"statuscode":404}""", 200)]
    [InlineData("""{"a":{"statusCode":404}}""", 200)]
    [InlineData("""[{"statusCode":404}]""", 200)]
    [InlineData("""["statusCode",404]""", 200)]
    public void The_last_statusCode_of_the_object_itself_counts(string text, int status) =>
        Assert.Equal((status, text), Shape(OutputOf(text), AnswerFlags.Parse(0)));

    [Theory]
    [InlineData(204)]
    [InlineData(205)]
    [InlineData(304)]
    public void Answers_with_a_bodiless_status_have_no_body(int status) =>
        Assert.Equal((status, ""), Shape(OutputOf($$"""{"statusCode":{{status}}}"""), AnswerFlags.Parse(0)));

    [Fact]
    public void Without_parse_a_statusCode_changes_nothing() =>
        Assert.Equal((200, """["{\"statusCode\":404}"]"""), Shape("""["{\"statusCode\":404}"]""", AnswerFlags.Output));

    private static string OutputOf(string text) => $"[{Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(text))}]";
}
