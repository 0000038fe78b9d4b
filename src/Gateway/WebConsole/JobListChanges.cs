using System.Text.Json.Serialization;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>What the script of a list of jobs asks for.</summary>
/// <param name="Jobs">The jobs that it has asked for, as they are now.</param>
/// <param name="Newer">The ids of the jobs that the list begins with now.</param>
internal sealed record JobListChanges(IReadOnlyList<ChangedJob> Jobs, IReadOnlyList<string> Newer);

/// <param name="Id">Its id.</param>
/// <param name="State">As the list shows it.</param>
/// <param name="Class">How that looks.</param>
/// <param name="Took">From its call to its end; empty if it has not ended.</param>
internal sealed record ChangedJob(string Id, string State, string Class, string Took);

[JsonSerializable(typeof(JobListChanges))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class JobListJson : JsonSerializerContext;
