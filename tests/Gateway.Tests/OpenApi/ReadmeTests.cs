using System.Diagnostics;
using System.Text.RegularExpressions;
using SyncCluster.Gateway.Tests.Api.Polling;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>What the README shows: each command that is followed by its answer is pasted into a shell and must be answered so.</summary>
public sealed partial class ReadmeTests(ReadmeTests.Demonstration server) : IClassFixture<ReadmeTests.Demonstration>
{
    private const string Address = "http://127.0.0.1:6090/";

    [CurlFact]
    public async Task Every_command_is_answered_as_it_is_shown()
    {
        var shown = Shown().Matches(await File.ReadAllTextAsync(Path.Combine(Root, "README.md")))
            .Select(match => (Command: match.Groups["command"].Value, Answer: match.Groups["answer"].Value))
            .Where(block => block.Command.Contains(Address, StringComparison.Ordinal))
            .ToArray();
        Assert.InRange(shown.Length, 7, 30);
        foreach (var (command, answer) in shown)
        {
            if (command.Contains("/teapot/", StringComparison.Ordinal) && !NodeFactAttribute.HasNode)
            {
                continue;
            }

            Assert.Equal($"{command}{Masked(answer)}", $"{command}{Masked(await RunAsync(command.Replace(Address, $"{server.Http.BaseAddress}", StringComparison.Ordinal)))}");
        }
    }

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "SyncCluster.sln")))
            {
                folder = folder.Parent;
            }

            return folder.FullName;
        }
    }

    private static async Task<string> RunAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var output = await shell.StandardOutput.ReadToEndAsync(limit.Token);
        await shell.WaitForExitAsync(limit.Token);
        return output;
    }

    /// <summary>Without what is another one each time: a random id, and which steps of a job were seen on its way.</summary>
    private static string Masked(string text) => Changing().Replace(Passing().Replace(text.Trim(), ""), "~");

    [GeneratedRegex(@"```bash\n(?<command>[^`]*?)```\n\n```(json)?\n(?<answer>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Shown();

    [GeneratedRegex(@"event: lifecycle\nid: (ready|assigned)\.0\ndata: [^\n]*\n\n")]
    private static partial Regex Passing();

    [GeneratedRegex(@"(?<=id: )[a-z]*(?=\.)|(?<=[""/ ])[0-9a-f]{24}(?=[""/])")]
    private static partial Regex Changing();

    public sealed class Demonstration : TestServer
    {
        protected override bool HasUsers => false;
    }
}
