using System.Text;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

public sealed class TaskDocumentTests
{
    private static readonly TaskDefinition Task = new()
    {
        Id = "t1",
        Customer = "acme",
        Name = "Task \"é\"",
        Type = TaskType.Script,
        Arguments = [new(0, "input", "number", null), new(1, "fixed", "f", "1.10")],
        Env = new() { ["PASSWORD"] = "hunter2" },
        Acl = ["a@b.c"],
        SecretHash = [1, 2, 3],
        Filename = "api.js",
        ScriptDigest = "abc",
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void The_document_of_a_task_does_not_show_its_environment()
    {
        const string Expected =
            """
            {"id":"t1","customer_name":"acme","name":"Task \"é\"","description":"","type":"script","_type":"ScriptTask",
            "task_arguments":[{"order":0,"type":"input","label":"number"},{"order":1,"type":"fixed","label":"f","value":1.10}],
            "arguments_type":"legacy","timeout":600000,"script_runas":"%script%","acl":["a@b.c"],"cancellable":true,"multitasking":true,
            "default_state_evaluation":null,"creation_date":"1970-01-01T00:00:00.000Z",
            "file":{"filename":"api.js","mimetype":null,"sha256":"abc"}}
            """;

        Assert.Equal(Expected.ReplaceLineEndings(""), Encoding.UTF8.GetString(TaskDocument.Render(Task, null)));
    }

    [Fact]
    public void The_document_says_that_the_exit_code_decides_only_where_it_does() => Assert.Contains(
        "\"exit_code_decides\":true", Encoding.UTF8.GetString(TaskDocument.Render(Task with { ExitCodeDecides = true }, null)), StringComparison.Ordinal);

    [Fact]
    public void The_answer_to_an_import_shows_the_secret() =>
        Assert.EndsWith(""","secret":"s3cret"}""", Encoding.UTF8.GetString(TaskDocument.Render(Task, "s3cret")), StringComparison.Ordinal);
}
