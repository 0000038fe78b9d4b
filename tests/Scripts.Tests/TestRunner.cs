using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests;

/// <summary>A runner for the scripts of one test, with ways to look at their processes.</summary>
internal sealed class TestRunner : IDisposable
{
    /// <summary>A process that writes its id to the note <c>$1</c> and carries no marker: it can be found only by its group.</summary>
    public const string Unmarked = "env -i sh -c \"echo \\$\\$ >\\$1; exec sleep 1000\" sh \"$1\"";

    private readonly HeldTimeout _timeout = new();

    public TestRunner(TimeSpan? killGrace = null, Shell? shell = null, ScriptIsolation? isolation = null) => Runner = new ScriptRunner(
        shell ?? Shell.Find(Environment.GetEnvironmentVariable("PATH")),
        isolation ?? new ScriptIsolation(),
        killGrace ?? TimeSpan.FromSeconds(20),
        _timeout,
        NullLoggerFactory.Instance);

    public ScriptRunner Runner { get; }

    /// <summary>The folder in which scripts write notes for the test.</summary>
    public string Notes { get; } = Directory.CreateTempSubdirectory("notes").FullName;

    public static ScriptCommand Command(string script, params string[] words) => new()
    {
        JobId = "job",
        Runas = "sh %script%",
        Filename = "script.sh",
        Script = Encoding.UTF8.GetBytes(script),
        Arguments = words,
        Environment = new Dictionary<string, string>(),
        Timeout = TimeSpan.FromMinutes(1),
    };

    /// <summary>A script that becomes <see cref="Unmarked"/> itself, so that a search for markers finds no process of its run.</summary>
    public ScriptCommand UnmarkedLeader(string note) => Command("exec " + Unmarked, Note(note)) with { Runas = "exec sh %script%" };

    public Task<ScriptRun> RunAsync(string script, params string[] words) => RunAsync(Command(script, words));

    public Task<ScriptRun> RunAsync(ScriptCommand command) => Runner.RunAsync(command, CancellationToken.None);

    /// <summary>Runs a script whose timeout is over when it has printed <c>begun</c>.</summary>
    public async Task<ScriptRun> RunToTimeoutAsync(ScriptCommand command)
    {
        ScriptLog? log = null;
        var running = RunAsync(command with { Timeout = HeldTimeout.Length, Started = started => log = started });
        await Eventually.Async(() => running.IsCompleted || log?.Text().Contains("begun", StringComparison.Ordinal) == true);
        _timeout.End();
        return await running;
    }

    public string Note(string name) => Path.Combine(Notes, name);

    /// <summary>Waits for the process id that a script writes to a note.</summary>
    public async Task<int> ProcessAsync(string name)
    {
        await Eventually.Async(() => File.Exists(Note(name)) && File.ReadAllText(Note(name)).EndsWith('\n'));
        return int.Parse(File.ReadAllText(Note(name)), CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a process runs. One that has ended but is not reaped does not.</summary>
    public static bool Runs(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        Runner.Dispose();
        Directory.Delete(Notes, recursive: true);
    }
}
