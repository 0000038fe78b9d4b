using System.Text.Json;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <summary>The result of a benchmark.</summary>
/// <param name="Benchmark">The name of the benchmark.</param>
/// <param name="Facts">Where and how it was measured.</param>
/// <param name="Figures">The figures.</param>
internal sealed record Report(string Benchmark, Table Facts, Table Figures)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public IReadOnlyList<Goal> Goals { get; init; } = [];

    public IReadOnlyList<Plot> Plots { get; init; } = [];

    /// <summary>What went wrong; null where nothing did.</summary>
    public string? Fault { get; init; }

    /// <summary>Writes it as Markdown.</summary>
    public void WriteTo(TextWriter output)
    {
        output.WriteLine();
        Facts.WriteTo(output);
        Figures.WriteTo(output);
        if (Goals.Count > 0)
        {
            TableOf([this]).WriteTo(output);
        }
    }

    /// <summary>The goals of several reports, a row each.</summary>
    public static Table TableOf(IEnumerable<Report> reports)
    {
        var table = new Table("part", "figure", "at most", "is", "floor", "reached");
        foreach (var report in reports)
        {
            foreach (var goal in report.Goals)
            {
                table.Add(report.Benchmark, goal.What, goal.Limit, goal.Value, goal.Floor, goal.IsReached ? "yes" : "no");
            }
        }

        return table;
    }

    public async Task SaveAsync(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var json = new JsonObject { ["benchmark"] = Benchmark, ["facts"] = Facts.ToJson(), ["figures"] = Figures.ToJson() };
        if (Goals.Count > 0)
        {
            json["goals"] = TableOf([this]).ToJson();
        }

        await File.WriteAllTextAsync(path, json.ToJsonString(Indented) + "\n");
    }
}
