using System.Text.Json;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <param name="Benchmark">What was measured.</param>
/// <param name="Facts">Where and how.</param>
/// <param name="Figures">What came out.</param>
internal sealed record Report(string Benchmark, Table Facts, Table Figures)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What should not have come out; null where nothing has.</summary>
    public string? Fault { get; init; }

    /// <summary>As Markdown.</summary>
    public void WriteTo(TextWriter output)
    {
        output.WriteLine();
        Facts.WriteTo(output);
        Figures.WriteTo(output);
    }

    public async Task SaveAsync(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var json = new JsonObject { ["benchmark"] = Benchmark, ["facts"] = Facts.ToJson(), ["figures"] = Figures.ToJson() };
        await File.WriteAllTextAsync(path, json.ToJsonString(Indented) + "\n");
    }
}
