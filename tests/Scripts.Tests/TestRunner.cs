using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace SyncCluster.Scripts.Tests;

/// <summary>A runner for the scripts of one test, and what is to be seen of them from outside.</summary>
internal sealed class TestRunner : IDisposable
{
    /// <summary>A process that leaves its id in the note <c>$1</c> and carries no marker by then: only its group gives it away.</summary>
    public const string Unmarked = "env -i sh -c \"echo \\$\\$ >\\$1; exec sleep 1000\" sh \"$1\"";

    public TestRunner(TimeSpan? killGrace = null, Shell? shell = null) => Runner = new ScriptRunner(
        shell ?? Shell.Find(Environment.GetEnvironmentVariable("PATH")),
        killGrace ?? TimeSpan.FromSeconds(20),
        TimeProvider.System,
        NullLoggerFactory.Instance);

    public ScriptRunner Runner { get; }

    /// <summary>Where a script leaves word for the test.</summary>
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

    /// <summary>A script that is <see cref="Unmarked"/> itself: of its run, nothing is left that a search for markers could find.</summary>
    public ScriptCommand UnmarkedLeader(string note) => Command("exec " + Unmarked, Note(note)) with { Runas = "exec sh %script%" };

    public Task<ScriptRun> RunAsync(string script, params string[] words) => RunAsync(Command(script, words));

    public Task<ScriptRun> RunAsync(ScriptCommand command) => Runner.RunAsync(command, CancellationToken.None);

    public string Note(string name) => Path.Combine(Notes, name);

    /// <summary>The process id that a script wrote to a note, once it is there.</summary>
    public async Task<int> ProcessAsync(string name)
    {
        await Eventually.Async(() => File.Exists(Note(name)) && File.ReadAllText(Note(name)).EndsWith('\n'));
        return int.Parse(File.ReadAllText(Note(name)), CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a process runs: one that is dead but not yet reaped does not.</summary>
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
