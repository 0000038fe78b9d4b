using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SyncCluster.Gateway.Tests.Api.Polling;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>Each command that a document shows with its answer is pasted into a shell, and must print that answer.</summary>
public sealed partial class ShownCommandTests(ShownServers servers) : IClassFixture<ShownServers>
{
    /// <summary>Commands with an answer, or to a server, that are not run here: how they begin, and why.</summary>
    private static readonly (string Document, string Beginning, string Reason)[] NotRun =
    [
        ("docs/operations.md", "dotnet SyncCluster.Gateway.dll health ", "needs a published program; OperatorTests run what the command runs"),
        ("docs/cluster.md", "redis-server --port 6379", "occupies six terminals and fixed ports; tests/Cluster.Tests starts the same processes"),
        ("docs/operations.md", "curl -fsS -X POST http://127.0.0.1:6090/api/backup ", "needs a server in one process, not a cluster; BackUpTests do the same"),
        ("docs/theeye.md", "dotnet run --project src/Gateway -- --Executor", "starts a server in front of TheEye, which is not in this repository"),
    ];

    public static TheoryData<string, int> Runnable
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var command in Commands.Where(command => command.Answer is not null && !IsNotRun(command) && HasItsPrograms(command)))
            {
                data.Add(command.Document, command.Line);
            }

            return data;
        }
    }

    private static ShownCommand[] Commands { get; } = [.. Repository.Documents.Select(Repository.Read).SelectMany(document => document.Commands)];

    [CurlTheory, MemberData(nameof(Runnable))]
    public async Task A_shown_command_prints_the_shown_answer(string document, int line)
    {
        var command = Commands.Single(shown => shown.Document == document && shown.Line == line);
        var server = await servers.OfAsync(document);
        var printed = await RunAsync(server.Localized(command.Text), server.Variables);
        var isJson = command.Answer!.Language == "json";
        Assert.Equal($"{command.Text}{Masked(command.Answer.Content, isJson)}", $"{command.Text}{Masked(printed, isJson)}");
    }

    [Fact]
    public void A_command_to_a_server_is_shown_with_its_answer()
    {
        var silent = Commands.Where(command => command.Answer is null && ServerAddress().IsMatch(command.Text) && !IsNotRun(command));
        Assert.Empty(silent.Select(command => $"{command.Document}:{command.Line}"));
    }

    [Fact]
    public void An_excepted_command_is_still_shown() => Assert.All(NotRun, excepted => Assert.Single(
        Commands, command => command.Document == excepted.Document && command.Text.StartsWith(excepted.Beginning, StringComparison.Ordinal)));

    [Fact]
    public void The_README_shows_a_call_and_six_more_examples() =>
        Assert.InRange(Commands.Count(command => command.Document == "README.md" && command.Answer is not null), 6, 20);

    private static bool IsNotRun(ShownCommand command) => NotRun.Any(
        excepted => command.Document == excepted.Document && command.Text.StartsWith(excepted.Beginning, StringComparison.Ordinal));

    private static bool HasItsPrograms(ShownCommand command) =>
        (!command.Text.Contains("/teapot/", StringComparison.Ordinal) || HasProgram("node"))
        && (!command.Text.Contains("jq ", StringComparison.Ordinal) || HasProgram("jq"));

    private static bool HasProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    private static async Task<string> RunAsync(string command, Dictionary<string, string> variables)
    {
        var folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
        try
        {
            var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, WorkingDirectory = folder };
            foreach (var (name, value) in variables)
            {
                start.Environment[name] = value;
            }

            using var shell = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var output = await shell.StandardOutput.ReadToEndAsync(limit.Token);
            await shell.WaitForExitAsync(limit.Token);
            return output;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Without what differs each time: ids (the same one gets the same number), times, and which steps of a job were seen.</summary>
    private static string Masked(string text, bool isJson)
    {
        text = text.Trim();
        if (isJson)
        {
            text = JsonNode.Parse(text)?.ToJsonString() ?? "null";
        }

        var ids = new List<string>();
        text = Id().Replace(text, match =>
        {
            if (!ids.Contains(match.Value))
            {
                ids.Add(match.Value);
            }

            return $"<id {ids.IndexOf(match.Value) + 1}>";
        });
        return Changing().Replace(Passing().Replace(text, ""), "~");
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:60\d\d")]
    private static partial Regex ServerAddress();

    [GeneratedRegex(@"\b[0-9a-f]{24}\b")]
    private static partial Regex Id();

    [GeneratedRegex(@"event: lifecycle\ndata: [^\n]*\nid: <id \d+>\.(ready|assigned)\.0\n\n")]
    private static partial Regex Passing();

    [GeneratedRegex("""(?<=^id: <id \d+>\.)[a-z]*(?=\.)|(?<="(age|uptime)":)[\d.]+""", RegexOptions.Multiline)]
    private static partial Regex Changing();
}

/// <summary>A theory that needs curl.</summary>
internal sealed class CurlTheoryAttribute : TheoryAttribute
{
    public CurlTheoryAttribute() => Skip = new CurlFactAttribute().Skip;
}
