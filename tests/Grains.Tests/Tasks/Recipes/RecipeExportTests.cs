using System.Text;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;
using SyncCluster.Tests;
using static SyncCluster.Grains.Tests.Tasks.Recipes.RecipeSamples;

namespace SyncCluster.Grains.Tests.Tasks.Recipes;

public sealed class RecipeExportTests
{
    private const string Definition = """{"help":"d\ud800","\ud800":[{"a":1.10}],"pattern":"^[a-z]\\d","value":null}""";

    [Fact]
    public void An_exported_task_imports_as_the_same_task()
    {
        var (task, script) = Accepted(With(task: ("env", """{"A":"é😀\""}""")));
        task = task with
        {
            Description = "d\ud800",
            Arguments = [new(0, "input", "l", null) { Definition = Definition }, new(3, "fixed", "f", "[1.10,\"x\"]") { Definition = """{"id":1.10}""" }],
            ArgumentsType = ArgumentsType.Text,
            Acl = ["a@b.c", "k:v"],
            Timeout = TimeSpan.FromMilliseconds(1500),
            Runas = "node %script%",
            Cancellable = false,
            Multitasking = false,
            DefaultStateEvaluation = "failure",
            ExitCodeDecides = true,
            ArgumentRule = ArgumentRule.Strict,
            Limits = new() { FileSize = 1, Data = 2, Cpu = TimeSpan.FromMilliseconds(3), Memory = 4, Processes = 5 },
            Mimetype = "text/javascript",
        };

        AssertSame(task, script, Recipe.Export(task, script));
    }

    [Fact]
    public void An_exported_dummy_imports_as_the_same_dummy()
    {
        var (task, script) = Accepted("""{"task":{"type":"dummy","name":"d"}}""");

        AssertSame(task, script, Recipe.Export(task, script));
    }

    [TheEyeRecipeFact]
    public void The_recipe_that_TheEye_publishes_imports_and_exports()
    {
        var (task, script) = Accepted(File.ReadAllText(TheEyeRecipeFactAttribute.RecipePath!));

        Assert.Equal(("Rest API Response", "node %script%", "api.js", "text/javascript"), (task.Name, task.Runas, task.Filename, task.Mimetype));
        Assert.Equal((0, "input", "number"), (task.Arguments.Single().Order, task.Arguments[0].Type, task.Arguments[0].Label));
        Assert.True(ArgumentDefinition.Of(task.Arguments[0]).Required);
        Assert.Equal(new Dictionary<string, string> { ["NODE_ENV"] = "" }, task.Env);
        Assert.Equal(2079, script.Length);
        AssertSame(task, script, Recipe.Export(task, script));
    }

    private static void AssertSame(TaskDefinition task, byte[] script, byte[] exported)
    {
        var (again, scriptAgain) = Accepted(Encoding.UTF8.GetString(exported));
        Assert.Equal(script, scriptAgain);
        Assert.Equal(task.Arguments, again.Arguments);
        Assert.Equal(task.Acl, again.Acl);
        Assert.Equal(task.Env, again.Env);
        Assert.Equal(task.SecretHash, again.SecretHash);
        Assert.Equal(task, again with { Arguments = task.Arguments, Acl = task.Acl, Env = task.Env, SecretHash = task.SecretHash });
    }
}
