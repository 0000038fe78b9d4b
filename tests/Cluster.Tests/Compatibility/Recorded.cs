using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>What an earlier version answered about what it had stored, and the ids of the jobs that it had not ended.</summary>
internal sealed record Recorded
{
    private static readonly JsonSerializerOptions Written = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Requests for jobs that had ended.</summary>
    public Exchange[] Jobs { get; init; } = [];

    /// <summary>Requests for tasks.</summary>
    public Exchange[] Tasks { get; init; } = [];

    /// <summary>Calls that were sent again with their key, and with the same or with other arguments.</summary>
    public Exchange[] Repeats { get; init; } = [];

    /// <summary>Calls whose job had not ended, by what it was waiting for.</summary>
    public Dictionary<string, Exchange> Unfinished { get; init; } = [];

    /// <summary>The tasks' ids, by their names.</summary>
    public Dictionary<string, string> TaskIds { get; init; } = [];

    /// <summary>The tasks' secrets, by their names.</summary>
    public Dictionary<string, string> Secrets { get; init; } = [];

    /// <summary>The file of that name in this folder's copy beside the tests.</summary>
    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Compatibility", "version-0.1", file);

    public static Recorded Read(string file) =>
        File.Exists(PathOf(file)) ? JsonSerializer.Deserialize<Recorded>(File.ReadAllText(PathOf(file)), JsonSerializerOptions.Web)! : new();

    /// <summary>Writes both files, beside the tests.</summary>
    public static async Task WriteAsync(string name, Recorded recorded, StoredKeys stored)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        var keys = new SortedDictionary<string, StoredKeys.Entry>(stored, StringComparer.Ordinal);
        await File.WriteAllTextAsync(PathOf($"{name}.redis.json"), JsonSerializer.Serialize(keys, Written) + "\n");
        await File.WriteAllTextAsync(PathOf($"{name}.answers.json"), JsonSerializer.Serialize(recorded, Written) + "\n");
    }
}
