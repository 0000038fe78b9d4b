using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SyncCluster.Tasks;
using static SyncCluster.Grains.Tests.Tasks.Recipes.RecipeSamples;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>What a task with <c>arguments=strict</c> takes, and what its schema says about it.</summary>
public sealed class ArgumentCheckTests
{
    private const string Options = """ "options":[{"id":"a","label":"A"},{"id":2},"c",{"id":"a"},{"label":"none"},[1]]""";

    [Theory]
    [InlineData("\"type\":\"input\"", """ "x" """)]
    [InlineData("\"type\":\"input\"", "12.5")]
    [InlineData("\"type\":\"input\"", "true")]
    [InlineData("\"type\":\"input\"", "null")]
    [InlineData("\"type\":\"input\"", "\"\"")]
    [InlineData("\"type\":\"input\",\"required\":true", "0")]
    [InlineData("\"type\":\"input\",\"required\":true", "false")]
    [InlineData("\"type\":\"input\",\"charsmin\":2,\"charsmax\":3", "\"äß\"")]
    [InlineData("\"type\":\"input\",\"charsmin\":2,\"charsmax\":3", "\"\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\"")]
    [InlineData("\"type\":\"input\",\"charsmin\":2,\"charsmax\":3", "\"\"")]
    [InlineData("\"type\":\"input\",\"charsmin\":0,\"charsmax\":0", "\"any\"")]
    [InlineData("\"type\":\"input\",\"pattern\":\"^[a-z]+$\"", "\"abc\"")]
    [InlineData("\"type\":\"input\",\"multiple\":true", "[\"a\",1]")]
    [InlineData("\"type\":\"select\"," + Options, "\"a\"")]
    [InlineData("\"type\":\"select\"," + Options, "2")]
    [InlineData("\"type\":\"select\"," + Options, "\"c\"")]
    [InlineData("\"type\":\"select\"," + Options + ",\"multiple\":true", "[\"a\",2]")]
    [InlineData("\"type\":\"select\"", "\"anything\"")]
    [InlineData("\"type\":\"select\",\"options\":[]", "\"anything\"")]
    [InlineData("\"type\":\"date\"", "\"2026-01-31\"")]
    [InlineData("\"type\":\"date\"", "\"2026-01-31T12:00:00.123Z\"")]
    [InlineData("\"type\":\"date\"", "\"2026-01-31T12:00+02:00\"")]
    [InlineData("\"type\":\"date\"", "\"2026-01-31 12:00\"")]
    [InlineData("\"type\":\"file\"", "\"data:text/plain;base64,aGk=\"")]
    [InlineData("\"type\":\"file\"", "null")]
    [InlineData("\"type\":\"remote-options\",\"endpointUrl\":\"http://127.0.0.1:1/\",\"required\":true", "\"anything\"")]
    [InlineData("\"type\":\"fixed\",\"value\":1", "{\"a\":1}")]
    [InlineData("\"type\":\"fixed\",\"value\":1,\"required\":true", "null")]
    [InlineData("\"type\":\"of another kind\"", "{\"a\":1}")]
    public void A_value_that_fits_is_taken_and_the_schema_says_so(string definition, string value) => AssertFits(Task(definition), value, fits: true);

    [Theory]
    [InlineData("\"type\":\"input\",\"required\":true", "null", "is required")]
    [InlineData("\"type\":\"input\",\"required\":true", "\"\"", "is required")]
    [InlineData("\"type\":\"input\",\"required\":true,\"multiple\":true", "[]", "is required")]
    [InlineData("\"type\":\"input\"", "{\"a\":1}", "must be text, a number, true or false")]
    [InlineData("\"type\":\"input\"", "[1]", "must be text, a number, true or false")]
    [InlineData("\"type\":\"input\",\"charsmin\":2", "\"x\"", "must have 2 characters or more")]
    [InlineData("\"type\":\"input\",\"charsmax\":3", "\"abcd\"", "must have 3 characters or fewer")]
    [InlineData("\"type\":\"input\",\"charsmax\":3", "12345", "must have 3 characters or fewer")]
    [InlineData("\"type\":\"input\",\"pattern\":\"^[a-z]+$\"", "\"A\"", "must match ^[a-z]+$")]
    [InlineData("\"type\":\"input\",\"multiple\":true", "[\"a\",{}]", "must be text, a number, true or false, each one of the array")]
    [InlineData("\"type\":\"input\",\"multiple\":true", "{}", "must be text, a number, true or false, or an array of such")]
    [InlineData("\"type\":\"select\"," + Options, "\"b\"", "must be one of: a, 2, c")]
    [InlineData("\"type\":\"select\"," + Options, "[\"a\"]", "must be one of: a, 2, c")]
    [InlineData("\"type\":\"select\"," + Options + ",\"required\":true", "null", "is required")]
    [InlineData("\"type\":\"select\",\"options\":[]", "{}", "must be text, a number, true or false")]
    [InlineData("\"type\":\"date\"", "\"31.1.2026\"", "must be a date")]
    [InlineData("\"type\":\"date\"", "20260131", "must be a date")]
    [InlineData("\"type\":\"file\"", "\"/etc/passwd\"", "must be a file, as data:…;base64,…")]
    [InlineData("\"type\":\"file\"", "\"data:;base64,a$\"", "must be a file, as data:…;base64,…")]
    [InlineData("\"type\":\"remote-options\"", "{}", "must be text, a number, true or false")]
    public void A_value_that_does_not_fit_is_refused_with_what_it_should_be(string definition, string value, string expected)
    {
        var task = Task(definition);
        var fault = Assert.Single(Faults(task, $"[{value}]"));
        Assert.StartsWith(expected, fault.Expected, StringComparison.Ordinal);
        Assert.StartsWith($"Argument 0 (it) {expected}", $"{fault}", StringComparison.Ordinal);
        if (value != "12345")
        {
            AssertFits(task, value, fits: false);
        }
    }

    [Fact]
    public void A_date_that_there_is_none_of_is_refused() => Assert.Single(Faults(Task("\"type\":\"date\""), "[\"2026-02-30\"]"));

    [Fact]
    public void With_json_arguments_an_input_is_any_json()
    {
        var task = Accepted(With(("task_arguments", """[{"type":"input","label":"it","required":true}],"arguments_type":"json" """))).Task;
        AssertFits(task, """{"a":[1]}""", fits: true);
        AssertFits(task, "null", fits: false);
    }

    [Fact]
    public void Each_argument_that_does_not_fit_is_named_and_so_is_what_is_too_much()
    {
        var task = Accepted(With(("task_arguments", """
            [{"order":5,"type":"date","label":"last"},{"order":1,"type":"input","label":"first","required":true},{"order":2,"type":"fixed","value":1}]
            """))).Task;
        Assert.Equal(
            [
                "Argument 0 (first) is required",
                "Argument 2 (last) must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z",
                "Argument 3 is for none of the task's 3 arguments, or for one that has a value",
            ],
            Faults(task, """[null,"placeholder","x","surplus"]""").Select(fault => $"{fault}"));
        Assert.Empty(Faults(task, """[{"order":5,"value":"2026-01-31"},"placeholder",{"order":1,"value":"x"}]"""));
        Assert.Single(Faults(task, """["x","placeholder",{"order":7,"value":"2026-01-31"}]"""));
        Assert.Single(Faults(task, """["x",{"order":1,"value":"y"},"2026-01-31"]"""));
    }

    [Fact]
    public void What_the_script_would_get_is_held_against_the_definition()
    {
        var select = Task("\"type\":\"select\",\"options\":[\"a\"]");
        Assert.Empty(Faults(select, """[{"value":"a"}]"""));
        Assert.Single(Faults(select, """[{"value":"b"}]"""));

        // As at TheEye, the script gets the whole object.
        Assert.Single(Faults(select, """[{"value":null}]"""));
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(a{1000}){1000}")]
    [InlineData("(?=a)b")]
    [InlineData("((((")]
    public void A_hostile_pattern_costs_little(string pattern)
    {
        var watch = Stopwatch.StartNew();
        _ = Faults(Task($"\"type\":\"input\",\"pattern\":\"{pattern}\""), $"[\"{new string('a', 100_000)}!\"]");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("\"required\":\"yes\",\"multiple\":1,\"charsmin\":\"9\",\"charsmax\":-1,\"pattern\":5,\"options\":{},\"help\":[],\"value\":{\"a\":1}")]
    [InlineData("\"required\":true,\"required\":false,\"charsmin\":99999999999,\"charsmax\":0.5,\"pattern\":null,\"options\":null")]
    public void Members_of_the_wrong_kind_say_nothing(string definition) => AssertFits(Task($"\"type\":\"input\",{definition}"), "\"any text\"", fits: true);

    [Fact]
    public void The_schema_has_what_a_form_needs()
    {
        var schema = Schema(Task("""
            "type":"select","help":"Which one","value":"a","required":true,"options":[{"id":"a","label":"Amsterdam"},{"id":"b","label":"Berlin"}]
            """));
        Assert.Equal(
            """
            {"title":"it","description":"Which one","default":"a","anyOf":[{"oneOf":[{"const":"a","title":"Amsterdam"},{"const":"b","title":"Berlin"}]}]}
            """.Trim(),
            schema["properties"]!["task_arguments"]!["prefixItems"]![0]!.ToJsonString());
    }

    [Fact]
    public void The_schema_asks_for_as_many_arguments_as_a_call_needs()
    {
        var arguments = Schema(Accepted(With(("task_arguments", """[{"type":"fixed"},{"required":true},{}]"""))).Task)["properties"]!["task_arguments"]!;
        Assert.Equal((2, 3), ((int)arguments["minItems"]!, (int)arguments["maxItems"]!));
        var none = Schema(Accepted(With()).Task);
        Assert.Empty(none["required"]!.AsArray());
        Assert.Null(none["properties"]!["task_arguments"]!["prefixItems"]);
    }

    private static TaskDefinition Task(string definition) => Accepted(With(("task_arguments", $$"""[{"order":0,"label":"it",{{definition}}}]"""))).Task;

    private static JsonNode Schema(TaskDefinition task) => JsonNode.Parse(ArgumentSchema.Render(task))!;

    private static IReadOnlyList<ArgumentFault> Faults(TaskDefinition task, string arguments)
    {
        using var supplied = JsonDocument.Parse(arguments);
        Assert.IsType<BoundArguments.Bound>(TaskArguments.Bind(task, supplied.RootElement));
        return ArgumentCheck.FaultsOf(task, supplied.RootElement);
    }

    /// <summary>The check and the schema must agree.</summary>
    private static void AssertFits(TaskDefinition task, string value, bool fits)
    {
        Assert.Equal(fits, Faults(task, $"[{value}]").Count == 0);
        Assert.Equal(fits, SchemaSubset.Accepts(Schema(task), JsonNode.Parse($$"""{"task_arguments":[{{value}}]}""")));
    }
}
