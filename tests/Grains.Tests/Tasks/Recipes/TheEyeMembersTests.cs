using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;
using SyncCluster.Tests;
using static SyncCluster.Grains.Tests.Tasks.Recipes.RecipeSamples;

namespace SyncCluster.Grains.Tests.Tasks.Recipes;

/// <summary>
/// Recipes with each member that TheEye exports. The names are those of the recipe that TheEye publishes with its Sync API, which a test compares
/// with this one where it is at hand; the values are chosen here, most of them other than a new task's.
/// </summary>
public sealed class TheEyeMembersTests
{
    private const string Argument = """
        {"id":7,"order":0,"type":"select","label":"a","value":"","help":"which","readonly":true,"required":false,"multiple":true,"masked":true,
         "charsmin":1,"charsmax":9,"charset":"[a-z]","pattern":"^a","options":[{"id":"a","label":"A","order":0}]}
        """;

    private const string Full = $$$"""
        {
          "task": {
            "order": 3, "enable": true, "type": "script", "_type": "ScriptTask", "public": true, "tags": ["a", "b"], "grace_time": 5,
            "task_arguments": [{{{Argument}}}, {"order":1,"type":"fixed","label":"b","value":"x"}], "script_arguments": [{{{Argument}}}],
            "arguments_type": "json", "output_parameters": [{"label":"o"}], "register_body": true, "execution_count": 83, "multitasking": false,
            "show_result": true, "assigned_users": ["61f3e937c38201da80f96c27"], "user_inputs": true, "user_inputs_members": ["a@b.c"],
            "empty_viewers": true, "cancellable": false, "autoremove_completed_jobs_limit": 9, "logging": true,
            "creation_date": "2022-01-28T13:01:43.355Z", "last_update": "2022-01-28T16:56:46.292Z",
            "env": {"THEEYE_URL": "\"http://127.0.0.1\"", "NODE_ENV": "", "COUNT": 3, "EMPTY": null},
            "name": "Every member", "description": "d", "timeout": 30000, "allows_dynamic_settings": true, "script_runas": "node",
            "template": "61f3e937c38201da80f96c27", "template_id": "61f3e937c38201da80f96c27", "source_model_id": "61f3e937c38201da80f96c27"
          },
          "file": {
            "order": 1, "filename": "my script.js", "keyname": "my script.js[ts:1]", "mimetype": "text/javascript", "extension": "js", "size": 8,
            "description": "", "md5": "{{{Md5}}}", "public": true, "tags": ["a"], "source_model_id": "61f3e937c38201da80f96c27",
            "data": "{{{Data}}}"
          }
        }
        """;

    private const string Data = "ZWNobyAiJEAi";
    private const string Md5 = "c2ed452ae9df04ace88766a2d4f4c1df";

    private static readonly (string Part, string Name)[] Required = [("task", "name"), ("file", "filename"), ("file", "data")];

    [Fact]
    public void A_recipe_with_every_member_imports()
    {
        var (task, script) = Accepted(Full);

        Assert.Equal(("Every member", "d", "node %script%"), (task.Name, task.Description, task.Runas));
        Assert.Equal(
            (ArgumentsType.Json, TimeSpan.FromSeconds(30), false, false), (task.ArgumentsType, task.Timeout, task.Multitasking, task.Cancellable));
        Assert.Equal([new(0, "select", "a", null) { Definition = task.Arguments[0].Definition }, new(1, "fixed", "b", "\"x\"")], task.Arguments);
        var kept = JsonNode.Parse(Argument)!.AsObject();
        Assert.All((string[])["order", "type", "label"], name => kept.Remove(name));
        Assert.Equal(kept.ToJsonString(), task.Arguments[0].Definition);
        Assert.Equal(
            new Dictionary<string, string> { ["THEEYE_URL"] = "\"http://127.0.0.1\"", ["NODE_ENV"] = "", ["COUNT"] = "3", ["EMPTY"] = "" }, task.Env);
        Assert.Equal(("my script.js", "text/javascript", "echo \"$@\""), (task.Filename, task.Mimetype, Encoding.UTF8.GetString(script)));
    }

    [TheEyeRecipeFact]
    public void No_member_of_the_published_recipe_is_missing_here()
    {
        var published = JsonNode.Parse(File.ReadAllText(TheEyeRecipeFactAttribute.RecipePath!))!;
        var full = JsonNode.Parse(Full)!;

        Assert.Empty(NamesOf(published["task"]!).Except(NamesOf(full["task"]!)));
        Assert.Empty(NamesOf(published["file"]!).Except(NamesOf(full["file"]!)));
        Assert.Empty(NamesOf(published["task"]!["task_arguments"]![0]!).Except(NamesOf(full["task"]!["task_arguments"]![0]!)));
    }

    [Fact]
    public void Each_member_may_be_absent_or_null_but_for_those_without_which_there_is_no_task()
    {
        foreach (var (part, name) in Members())
        {
            var absent = JsonNode.Parse(Full)!;
            absent[part]!.AsObject().Remove(name);
            var empty = JsonNode.Parse(Full)!;
            empty[part]![name] = null;
            Assert.All([absent, empty], recipe =>
            {
                switch (Recipe.TryParse(Encoding.UTF8.GetBytes(recipe.ToJsonString()), "acme", "t1", [7], Now))
                {
                    case ParsedRecipe.Refused refused:
                        Assert.Contains((part, name), Required);
                        Assert.Contains($"{part}.{name} must ", refused.Message, StringComparison.Ordinal);
                        break;
                    case ParsedRecipe.Accepted:
                        Assert.DoesNotContain((part, name), Required);
                        break;
                }
            });
        }
    }

    [Fact]
    public void A_member_of_any_other_kind_imports_or_is_refused_by_its_name()
    {
        JsonNode?[] values = [true, 7, -1.5, "text", "", new JsonArray("x"), new JsonObject { ["x"] = 1 }];
        foreach (var (part, name) in Members())
        {
            Assert.All(values, value =>
            {
                var recipe = JsonNode.Parse(Full)!;
                recipe[part]![name] = value?.DeepClone();
                if (Recipe.TryParse(Encoding.UTF8.GetBytes(recipe.ToJsonString()), "acme", "t1", [7], Now) is ParsedRecipe.Refused refused)
                {
                    Assert.Equal(422, refused.Status);
                    Assert.Contains(name is "type" or "_type" ? "type" : name, refused.Message, StringComparison.Ordinal);
                }
            });
        }
    }

    [Theory]
    [InlineData("input")]
    [InlineData("select")]
    [InlineData("date")]
    [InlineData("file")]
    [InlineData("email")]
    [InlineData("regexp")]
    [InlineData("remote-options")]
    [InlineData("fixed")]
    public void Arguments_of_every_type_import(string type) => Assert.Equal(
        type, Accepted(With(task: ("task_arguments", $$"""[{"order":0,"type":"{{type}}","label":"a","value":"v"}]"""))).Task.Arguments.Single().Type);

    [Theory]
    [InlineData("DummyTask", null)]
    [InlineData("ScraperTask", "\"ScraperTask\" can't run here")]
    [InlineData("ApprovalTask", "\"ApprovalTask\" can't run here")]
    [InlineData("NotificationTask", "\"NotificationTask\" can't run here")]
    [InlineData("NodejsTask", "\"NodejsTask\" can't run here")]
    public void A_task_of_another_type_imports_or_is_refused_by_its_type(string type, string? reason)
    {
        var recipe = $$$"""{"task":{"name":"a task","_type":"{{{type}}}","order":0,"tags":[]}}""";
        if (reason is null)
        {
            Accepted(recipe);
        }
        else
        {
            Assert.Contains(reason, Refused(recipe).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("THEEYE_URL")]
    [InlineData("THEEYE_AGENT_CONNECTION_ID")]
    [InlineData("THEEYE_JOBS")]
    [InlineData("theeye_job")]
    public void A_variable_that_the_server_does_not_set_may_have_any_name(string name) =>
        Assert.Equal("1", Accepted(With(task: ("env", $$"""{"{{name}}":"1"}"""))).Task.Env[name]);

    private static IEnumerable<(string Part, string Name)> Members()
    {
        var full = JsonNode.Parse(Full)!;
        return NamesOf(full["task"]!).Select(name => ("task", name)).Concat(NamesOf(full["file"]!).Select(name => ("file", name)));
    }

    private static IEnumerable<string> NamesOf(JsonNode node) => node.AsObject().Select(member => member.Key);
}
