using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;
using static SyncCluster.Grains.Tests.Tasks.Recipes.RecipeSamples;

namespace SyncCluster.Grains.Tests.Tasks.Recipes;

public sealed class RecipeTests
{
    [Fact]
    public void A_minimal_recipe_gets_the_defaults_of_TheEye()
    {
        var (task, script) = Accepted(With());

        Assert.Equal(("t1", "acme", "Task", ""), (task.Id, task.Customer, task.Name, task.Description));
        Assert.Equal((TaskType.Script, ArgumentsType.Legacy), (task.Type, task.ArgumentsType));
        Assert.Equal((TimeSpan.FromMinutes(10), "%script%", null), (task.Timeout, task.Runas, task.DefaultStateEvaluation));
        Assert.True(task is { Cancellable: true, Multitasking: true, ExitCodeDecides: false, Arguments: [], Acl: [], Env.Count: 0 });
        Assert.Equal(("api.js", null, Now), (task.Filename, task.Mimetype, task.CreatedAt));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Script)), task.ScriptDigest);
        Assert.Equal([7], task.SecretHash);
        Assert.Equal(Script, script);
    }

    [Fact]
    public void A_dummy_needs_no_file()
    {
        var (task, script) = Accepted("""{"task":{"_type":"DummyTask","name":"d"}}""");

        Assert.Equal((TaskType.Dummy, null, null), (task.Type, task.Filename, task.ScriptDigest));
        Assert.Empty(script);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"x\"")]
    public void A_recipe_that_is_not_a_JSON_object_is_refused_with_400(string recipe) => Assert.Equal(400, Refused(recipe).Status);

    [Theory]
    [InlineData("""{"_type":"Workflow"}""")]
    [InlineData("""{"task":{"type":"workflow","name":"w"}}""")]
    [InlineData("""{"task":{"_type":"Workflow","name":"w"}}""")]
    [InlineData("""{"graph":{"nodes":[]},"tasks":[]}""")]
    [InlineData("""{"nodes":[]}""")]
    [InlineData("""{"task":{"name":"w","graph":{}}}""")]
    [InlineData("""{"workflow":{}}""")]
    public void A_workflow_is_refused_with_422(string recipe)
    {
        var refused = Refused(recipe);

        Assert.Equal(422, refused.Status);
        Assert.StartsWith("Workflows can't run here", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "The recipe has no task")]
    [InlineData("""{"task":[]}""", "The recipe has no task")]
    [InlineData("""{"task":{"type":"scraper","name":"s"}}""", "\"scraper\" can't run here. The supported types are: script, dummy")]
    [InlineData("""{"task":{"name":"s"}}""", "The supported types are: script, dummy")]
    [InlineData("""{"task":{"type":{},"name":"s"}}""", "task.type must be text")]
    [InlineData("""{"task":{"type":"script","name":"s"}}""", "needs its script")]
    [InlineData("""{"task":{"type":"script","name":"s"},"file":null}""", "needs its script")]
    public void A_task_of_an_unsupported_type_is_refused_with_422(string recipe, string reason) => AssertUnprocessable(recipe, reason);

    [Theory]
    [InlineData("name", "\"\"", "task.name must not be empty")]
    [InlineData("name", "\"  \"", "task.name must not be empty")]
    [InlineData("name", "null", "task.name must not be empty")]
    [InlineData("name", "5", "task.name must be text")]
    [InlineData("description", "5", "task.description must be text")]
    [InlineData("arguments_type", "\"yaml\"", "task.arguments_type must be one of: legacy, json, text")]
    [InlineData("arguments_type", "1", "task.arguments_type must be text")]
    [InlineData("default_state_evaluation", "\"Success\"", "must be one of: success, failure")]
    [InlineData("timeout", "-1", "task.timeout must be")]
    [InlineData("timeout", "\"NaN\"", "task.timeout must be")]
    [InlineData("timeout", "\"Infinity\"", "task.timeout must be")]
    [InlineData("timeout", "1e999", "task.timeout must be")]
    [InlineData("timeout", "21600001", "task.timeout must be")]
    [InlineData("timeout", "\"soon\"", "task.timeout must be")]
    [InlineData("timeout", "[]", "task.timeout must be")]
    [InlineData("cancellable", "\"true\"", "task.cancellable must be true or false")]
    [InlineData("multitasking", "1", "task.multitasking must be true or false")]
    [InlineData("exit_code_decides", "0", "task.exit_code_decides must be true or false")]
    [InlineData("limits", "[]", "task.limits must be an object")]
    [InlineData("limits", """{"memroy":1}""", "task.limits may have file_size, data, cpu, memory and processes")]
    [InlineData("limits", """{"memory":0}""", "task.limits.memory must be a whole number from 1")]
    [InlineData("limits", """{"data":-1}""", "task.limits.data must be a whole number from 1")]
    [InlineData("limits", """{"file_size":1.5}""", "task.limits.file_size must be")]
    [InlineData("limits", """{"cpu":"1"}""", "task.limits.cpu must be")]
    [InlineData("limits", """{"processes":2147483648}""", "task.limits.processes must be")]
    [InlineData("acl", "\"me\"", "task.acl must be an array")]
    [InlineData("acl", "[1]", "task.acl must be an array")]
    [InlineData("env", "[]", "task.env must be an object")]
    [InlineData("env", """{"A B":"1"}""", "task.env has an invalid name")]
    [InlineData("env", """{"1A":"1"}""", "task.env has an invalid name")]
    [InlineData("env", """{"":"1"}""", "task.env has an invalid name")]
    [InlineData("env", """{"É":"1"}""", "task.env has an invalid name")]
    [InlineData("env", """{"THEEYE_JOB":"1"}""", "sets THEEYE_JOB, which the server sets itself")]
    [InlineData("env", """{"SYNCCLUSTER_X":"1"}""", "sets SYNCCLUSTER_X, which the server sets itself")]
    [InlineData("env", """{"A":"\u0000"}""", "NUL")]
    [InlineData("env", """{"A":{}}""", "write it as JSON text")]
    [InlineData("script_runas", "\"node x%script%\"", "Write %script% as a separate word")]
    [InlineData("script_runas", "5", "task.script_runas must be text")]
    [InlineData("arguments", "\"loose\"", "task.arguments must be one of: lenient, strict")]
    [InlineData("arguments", "\"strict\",\"task_arguments\":[{\"order\":3,\"pattern\":\"(?=a)\"}]", "The pattern of the argument with the order 3 can't be checked here")]
    [InlineData("task_arguments", "{}", "task.task_arguments must be an array")]
    [InlineData("task_arguments", "[1]", "task.task_arguments[0] must be an object")]
    [InlineData("task_arguments", """[{"order":"0"}]""", "task.task_arguments[0].order must be a whole number")]
    [InlineData("task_arguments", """[{"order":0.5}]""", "task.task_arguments[0].order must be a whole number")]
    [InlineData("task_arguments", """[{"order":1},{"order":1}]""", "the order 1 twice")]
    [InlineData("task_arguments", """[{"type":5}]""", "task.task_arguments[0].type must be text")]
    [InlineData("task_arguments", """[{"type":"fixed","value":"\u0000"}]""", "NUL")]
    public void An_invalid_setting_is_refused_with_422_and_advice(string member, string value, string reason) =>
        AssertUnprocessable(With(task: (member, value)), reason);

    [Theory]
    [InlineData("filename", "\"\"")]
    [InlineData("filename", "null")]
    [InlineData("filename", "\".\"")]
    [InlineData("filename", "\"..\"")]
    [InlineData("filename", "\"a/b\"")]
    [InlineData("filename", "\"a\\\\b\"")]
    [InlineData("filename", "\"a\\u0000\"")]
    [InlineData("filename", "\"a\\n\"")]
    [InlineData("filename", "\"-rf\"")]
    [InlineData("filename", "5")]
    [InlineData("data", "null")]
    [InlineData("data", "\"\"")]
    [InlineData("data", "\"a\"")]
    [InlineData("data", "\"!!!!\"")]
    [InlineData("data", "\"\\ud800\"")]
    [InlineData("data", "5")]
    [InlineData("mimetype", "5")]
    public void An_invalid_file_is_refused_with_422_and_the_name_of_the_member(string member, string value) =>
        AssertUnprocessable(With(file: (member, value)), $"file.{member} ");

    [Fact]
    public void Lengths_and_counts_are_limited()
    {
        AssertUnprocessable(With(task: ("name", Quoted(257))), "task.name is longer than 256");
        AssertUnprocessable(With(file: ("filename", Quoted(129))), "file.filename is longer than 128");
        AssertUnprocessable(With(task: ("task_arguments", $"[{string.Join(',', Enumerable.Repeat("{}", 1001))}]")), "more than 1000 arguments");
        AssertUnprocessable(With(file: ("data", $"\"{Convert.ToBase64String(new byte[(4 << 20) + 1])}\"")), "the limit is 4194304");

        Accepted(With(task: ("name", Quoted(256))));
        Accepted(With(file: ("filename", Quoted(128))));
        Accepted(With(task: ("task_arguments", $"[{string.Join(',', Enumerable.Repeat("{}", 1000))}]")));
        Accepted(With(file: ("data", $"\"{Convert.ToBase64String(new byte[4 << 20])}\"")));
    }

    [Fact]
    public void A_script_that_does_not_match_its_MD5_is_refused()
    {
        AssertUnprocessable(With(file: ("md5", "\"824a8455060c66ebce1408efb52652dd\"")), "damaged");
        Accepted(With(file: ("md5", $"\"{RecipeFile.Md5(Script).ToUpperInvariant()}\"")));
        Accepted(With(file: ("md5", "null")));
    }

    [Fact]
    public void A_task_may_have_limits()
    {
        var (task, _) = Accepted(With(task: ("limits", """{"file_size":1,"data":2,"cpu":1500,"memory":4000000000,"processes":5}""")));

        Assert.Equal(
            new TaskLimits { FileSize = 1, Data = 2, Cpu = TimeSpan.FromSeconds(1.5), Memory = 4_000_000_000, Processes = 5 }, task.Limits);
        Assert.Equal(new() { Cpu = TimeSpan.FromMilliseconds(1) }, Accepted(With(task: ("limits", """{"cpu":1,"data":null}"""))).Task.Limits);
        Assert.Null(Accepted(With(task: ("limits", "{}"))).Task.Limits);
        Assert.Null(Accepted(With()).Task.Limits);
    }

    [Fact]
    public void What_no_call_could_give_to_the_script_is_refused()
    {
        var longest = new string('x', 32 * Environment.SystemPageSize);

        AssertUnprocessable(With(task: ("env", $$"""{"A":"{{longest}}"}""")), "The variable A has");
        AssertUnprocessable(With(task: ("task_arguments", $$"""[{},{"type":"fixed","value":"{{longest}}"}]""")), "Argument 1 has");
        Accepted(With(task: ("task_arguments", $$"""[{"type":"fixed","value":"data:;base64,{{longest}}"}]""")));
    }

    [Theory]
    [InlineData("#!/bin/sh\r\necho", "carriage return")]
    [InlineData("\uFEFF#!/bin/sh\necho", "byte order mark")]
    public void A_script_that_the_system_could_not_run_is_refused_with_the_reason(string script, string reason)
    {
        var recipe = JsonNode.Parse(With(task: ("script_runas", "\"%script%\"")))!;
        recipe["file"]!["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(script));

        AssertUnprocessable(recipe.ToJsonString(), reason);
        recipe["task"]!["script_runas"] = "sh %script%";
        Accepted(recipe.ToJsonString());
    }

    [Theory]
    [InlineData("null", 600_000)]
    [InlineData("0", 600_000)]
    [InlineData("\"\"", 600_000)]
    [InlineData("1", 1)]
    [InlineData("0.2", 1)]
    [InlineData("\"30000\"", 30_000)]
    [InlineData("21600000", 21_600_000)]
    [InlineData("1e3", 1000)]
    public void A_timeout_is_a_number_of_milliseconds(string timeout, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Accepted(With(task: ("timeout", timeout))).Task.Timeout);

    [Fact]
    public void The_values_of_environment_variables_become_text()
    {
        var (task, _) = Accepted(With(task: ("env", """{"PATH":"/bin","E":"","N":null,"I":1.10,"T":true,"A":"1","A":"2"}""")));

        Assert.Equal(
            new Dictionary<string, string> { ["PATH"] = "/bin", ["E"] = "", ["N"] = "", ["I"] = "1.10", ["T"] = "true", ["A"] = "2" }, task.Env);
    }

    [Fact]
    public void Arguments_are_sorted_by_their_order()
    {
        var (task, _) = Accepted(With(task: (
            "task_arguments", """[{"order":2,"type":"fixed","label":"f","value":{"a": 1.10}},{"order":0,"type":"select","label":"s"},{"order":1,"type":"fixed"}]""")));

        Assert.Equal([new(0, "select", "s", null), new(1, "fixed", "", "null"), new(2, "fixed", "f", "{\"a\":1.10}")], task.Arguments);
    }

    [Fact]
    public void A_definition_may_not_be_longer_or_deeper_than_a_call_should_read()
    {
        var options = string.Join(',', Enumerable.Repeat("\"an option\"", 6000));
        AssertUnprocessable(With(task: ("task_arguments", $$"""[{"options":[{{options}}]}]""")), "has definitions of more than 65536 characters");
        Accepted(With(task: ("task_arguments", $$"""[{"options":["{{new string('x', 65_000)}}"]}]""")));
        AssertUnprocessable(With(task: ("task_arguments", $$"""[{"deep":{{new string('[', 18)}}{{new string(']', 18)}}}]""")), "task.task_arguments[0] nests deeper than 16 levels");
        Accepted(With(task: ("task_arguments", $$"""[{"deep":{{new string('[', 17)}}{{new string(']', 17)}}}]""")));
    }

    [Fact]
    public void Of_a_member_that_is_there_twice_the_last_one_is_kept() => Assert.Equal(
        """{"x":1,"help":"b"}""",
        Accepted(With(task: ("task_arguments", """[{"help":"a","x":1,"help":"b","type":"input","order":0}]"""))).Task.Arguments.Single().Definition);

    [Fact]
    public void The_arguments_of_an_old_recipe_are_read_from_script_arguments() =>
        Assert.Equal([new(0, "input", "a", null)], Accepted(With(task: ("script_arguments", """[{"label":"a"}]"""))).Task.Arguments);

    [Fact]
    public void Unusual_names_and_lone_surrogates_are_accepted()
    {
        var (task, _) = Accepted(With(task: ("__proto__", """{"\ud800":"\udfff"}""")));

        Assert.Equal("Task", task.Name);
        Assert.Equal("\ud800", Accepted(With(task: ("description", "\"\\ud800\""))).Task.Description);
    }

    private static void AssertUnprocessable(string recipe, string reason)
    {
        var refused = Refused(recipe);

        Assert.Equal(422, refused.Status);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    private static string Quoted(int length) => $"\"{new string('n', length)}\"";
}
