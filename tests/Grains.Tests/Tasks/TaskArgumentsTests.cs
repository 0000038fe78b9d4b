using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

public sealed class TaskArgumentsTests
{
    [Theory]
    [InlineData("[1,2]", """["1","2"]""")]
    [InlineData("[1,2,3,4]", """["1","2"]""")]
    [InlineData("[null,null]", "[null,null]")]
    [InlineData("""[{"order":5,"value":"b"},{"order":0,"value":"a"}]""", """["a","b"]""")]
    [InlineData("""["a",null,{"order":5,"value":"b"}]""", """["a",null]""")]
    [InlineData("""["a",{"order":5,"value":"b"}]""", """["a","b"]""")]
    [InlineData("""[{"order":5,"value":"b"},"a"]""", """[null,"b"]""")]
    [InlineData("""[{"order":0,"value":"x"},{"order":0,"value":"y"}]""", """["x",null]""")]
    [InlineData("""["a","b",{"order":7,"value":"c"}]""", """["a","b"]""")]
    [InlineData("""[{"order":1.5,"value":"x"},"b"]""", """["x","b"]""")]
    [InlineData("""[{"order":5},"b"]""", """["{\"order\":5}","b"]""")]
    public void Values_bind_by_position_or_by_order(string supplied, string expected) =>
        Assert.Equal(expected, Bind(TaskOf(ArgumentsType.Legacy, Input(0), Input(5)), supplied));

    [Fact]
    public void A_fixed_argument_keeps_its_position_and_value()
    {
        var task = TaskOf(ArgumentsType.Json, Fixed(0, "{\"a\":1.10}"), Input(1), Fixed(2, "\"f\""), Input(3));

        Assert.Equal("""[{"a":1.10},"1","f","3"]""", Bind(task, """["ignored",1,{"order":2,"value":"ignored"},3]"""));
        Assert.Equal("""[{"a":1.10},"9","f","null"]""", Bind(task, "[8,9]"));
    }

    [Fact]
    public void Arguments_are_bound_by_their_order_not_by_how_they_are_stored() =>
        Assert.Equal("""["f","2"]""", Bind(TaskOf(ArgumentsType.Legacy, Input(9), Fixed(-3, "\"f\"")), "[1,2]"));

    [Theory]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("\"ab\"")]
    public void Too_few_values_are_refused_with_the_message_of_TheEye(string supplied)
    {
        var refused = Refusal(TaskOf(ArgumentsType.Legacy, Input(0), Fixed(1, "1"), Input(2)), supplied);

        Assert.Equal("Invalid Task Arguments. An array of length 2 is required. Optionals must be null", refused);
    }

    [Fact]
    public void A_task_without_arguments_ignores_supplied_values() => Assert.Equal("[]", Bind(TaskOf(ArgumentsType.Legacy), "[1,2,3]"));

    [Theory]
    [InlineData("null", "null", "null", "null")]
    [InlineData("\"\"", "\"\"", "'\"\"'", "\"\"")]
    [InlineData("0", "0", "'0'", "'0'")]
    [InlineData("false", "false", "'false'", "'false'")]
    [InlineData("true", "'true'", "'true'", "'true'")]
    [InlineData("12345678901234567890.10", "'12345678901234567890.10'", "'12345678901234567890.10'", "'12345678901234567890.10'")]
    [InlineData("\"a\\u00e9\\/\"", "'aé/'", "'\"aé/\"'", "'aé/'")]
    [InlineData("""[ 1, "x" ]""", "'[1,\"x\"]'", "'[1,\"x\"]'", "'[1,\"x\"]'")]
    [InlineData("""{"value":"v"}""", "'v'", "'\"v\"'", "'v'")]
    [InlineData("""{"value":5}""", "'5'", "'5'", "'{\"value\":5}'")]
    [InlineData("""{"value":0}""", "'{\"value\":0}'", "'0'", "'{\"value\":0}'")]
    [InlineData("""{"value":""}""", "'{\"value\":\"\"}'", "'\"\"'", "''")]
    [InlineData("""{"value":null}""", "'{\"value\":null}'", "'null'", "'{\"value\":null}'")]
    [InlineData("""{"value":1,"value":"last"}""", "'last'", "'\"last\"'", "'last'")]
    [InlineData("""{"\ud800":1}""", "'{\"\\ud800\":1}'", "'{\"\\ud800\":1}'", "'{\"\\ud800\":1}'")]
    public void A_value_is_formatted_by_the_arguments_type(string supplied, string legacy, string json, string text)
    {
        Assert.Equal(Stored(legacy), Bind(TaskOf(ArgumentsType.Legacy, Input(0)), $"[{supplied}]"));
        Assert.Equal(Stored(json == "null" ? "'null'" : json), Bind(TaskOf(ArgumentsType.Json, Input(0)), $"[{supplied}]"));
        Assert.Equal(Stored(text == "null" ? "'null'" : text), Bind(TaskOf(ArgumentsType.Text, Input(0)), $"[{supplied}]"));
    }

    [Theory]
    [InlineData(ArgumentsType.Legacy)]
    [InlineData(ArgumentsType.Json)]
    [InlineData(ArgumentsType.Text)]
    public void Bound_values_bind_again_to_the_same(ArgumentsType type)
    {
        string[] values =
        [
            "null", "\"\"", "0", "false", "true", "12345678901234567890.10", "\"a\\u00e9\\/\"", "\"true\"", "\"[1]\"", """[ 1, "x" ]""",
            """{"value":{"value":1}}""", """{"value":{"order":0,"value":[2]}}""", """{"value":0}""", """{"value":""}""", """{"value":null}""",
            """{"order":2}""", """{"\ud800":1}""", "\"data:text/plain;base64,aGk=\"",
        ];
        var task = TaskOf(type, [.. values.Select((_, order) => Input(order)), Fixed(90, "\"f\""), new TaskArgument(91, "file", "", null)]);
        var bound = Bind(task, $"[{string.Join(',', values)},null,\"data:text/plain;base64,aGk=\"]");

        Assert.Equal(bound, Bind(task, Encoding.UTF8.GetString(TaskArguments.Unbound(task, Encoding.UTF8.GetBytes(bound)).Span)));
    }

    [Theory]
    [InlineData("file", "data:text/plain;base64,aGk=", true)]
    [InlineData("file", "DATA:;BASE64,aGk=", true)]
    [InlineData("file", "data:text/plain,hi;base64,x", false)]
    [InlineData("file", "just text", false)]
    [InlineData("input", "data:text/plain;base64,aGk=", false)]
    public void A_file_is_stored_as_the_data_URL_that_was_sent(string type, string value, bool isKept)
    {
        var bound = Bind(TaskOf(ArgumentsType.Json, new TaskArgument(0, type, "", null)), $"[\"{value}\"]");

        Assert.Equal([isKept ? value : $"\"{value}\""], TaskArguments.ForScript(Encoding.UTF8.GetBytes(bound)));
    }

    [Theory]
    [InlineData("""["a\u0000b"]""", ArgumentsType.Legacy)]
    [InlineData("""["a\u0000b"]""", ArgumentsType.Text)]
    [InlineData("""[{"value":"\u0000"}]""", ArgumentsType.Text)]
    public void A_value_with_a_NUL_character_is_refused(string supplied, ArgumentsType type)
    {
        var refused = Refusal(TaskOf(type, Input(0)), supplied);

        Assert.Equal("Argument 0 contains a NUL character, which can't be passed to a script. Remove it.", refused);
    }

    [Fact]
    public void A_NUL_character_in_JSON_text_is_escaped_and_accepted() =>
        Assert.Equal(["\"\\u0000\""], TaskArguments.ForScript(Encoding.UTF8.GetBytes(Bind(TaskOf(ArgumentsType.Json, Input(0)), """["\u0000"]"""))));

    [Fact]
    public void A_script_gets_one_command_line_argument_for_each_argument()
    {
        var arguments = TaskArguments.ForScript(Encoding.UTF8.GetBytes("""[null,"a b",0,false,1.10,{"a": [1]},"\ud800"]"""));

        Assert.Equal(["", "a b", "0", "false", "1.10", "{\"a\":[1]}", "\ud800"], arguments);
    }

    [Fact]
    public void A_fixed_value_may_nest_as_deep_as_a_recipe()
    {
        var deep = new string('[', 250) + new string(']', 250);

        Assert.Equal($"[{deep}]", Bind(TaskOf(ArgumentsType.Legacy, Fixed(0, deep)), "[]"));
    }

    [Fact]
    public void Ten_thousand_arguments_bind_in_linear_time()
    {
        var task = TaskOf(ArgumentsType.Legacy, [.. Enumerable.Range(0, 10_000).Select(Input)]);
        var supplied = string.Join(',', Enumerable.Range(0, 10_000).Select(
            number => string.Create(CultureInfo.InvariantCulture, $"{{\"order\":{9_999 - number},\"value\":\"{number}\"}}")));
        var clock = Stopwatch.StartNew();

        var bound = Bind(task, $"[{supplied}]");

        // A hundred times what it takes; in quadratic time it would take minutes.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.StartsWith("[\"9999\",\"9998\"", bound, StringComparison.Ordinal);
    }

    private static string Stored(string value) =>
        value.StartsWith('\'') ? $"[\"{JsonText.Encoder.Encode(value[1..^1])}\"]" : $"[{value}]";

    private static string Bind(TaskDefinition task, string supplied) =>
        Encoding.UTF8.GetString(Assert.IsType<BoundArguments.Bound>(Result(task, supplied)).Json);

    private static string Refusal(TaskDefinition task, string supplied) =>
        Assert.IsType<BoundArguments.Refused>(Result(task, supplied)).Message;

    private static BoundArguments Result(TaskDefinition task, string supplied)
    {
        using var document = JsonDocument.Parse(supplied, JsonText.DocumentOptions);
        return TaskArguments.Bind(task, document.RootElement);
    }

    private static TaskDefinition TaskOf(ArgumentsType type, params TaskArgument[] arguments) => new()
    {
        Id = "t",
        Customer = "c",
        Name = "n",
        Type = TaskType.Script,
        Arguments = arguments,
        ArgumentsType = type,
    };

    private static TaskArgument Input(int order) => new(order, "input", "", null);

    private static TaskArgument Fixed(int order, string value) => new(order, "fixed", "", value);
}
