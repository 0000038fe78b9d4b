using System.Globalization;

namespace SyncCluster.Bench.Chaos;

/// <summary>A script of the demonstration. Its runs append to a file, which counts them.</summary>
internal sealed class ScriptTarget(int calls, string folder) : IChaosTarget
{
    private const string SiloDied = "The server that ran the job is gone.";

    private readonly Lazy<int[]> _runs = new(() => Read(BenchTasks.AppendedFile(folder), calls));

    /// <inheritdoc/>
    public string Path => $"/demo/task/{BenchTasks.Append}/job";

    /// <inheritdoc/>
    public string Token => "demo-token";

    /// <inheritdoc/>
    public TimeSpan Settling => TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public Verdict Judge(int call, Attempt answer) => answer switch
    {
        { Status: 200 } when answer.Body == string.Create(CultureInfo.InvariantCulture, $"[\"{call}\"]") => Verdict.Right,
        { Status: 500, IsProblem: false } when answer.Body.Contains(SiloDied, StringComparison.Ordinal) => Verdict.SiloDied,
        _ => Verdict.Wrong,
    };

    /// <inheritdoc/>
    public int Runs(int call) => _runs.Value[call];

    /// <inheritdoc/>
    public string JobsOf(int call) => "unknown";

    private static int[] Read(string file, int calls)
    {
        var runs = new int[calls];
        foreach (var line in File.ReadLines(file))
        {
            runs[int.Parse(line, NumberStyles.None, CultureInfo.InvariantCulture)]++;
        }

        return runs;
    }
}
