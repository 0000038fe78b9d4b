using System.Collections.Frozen;

namespace SyncCluster.Tasks;

/// <summary>
/// A customer's name. It is the first segment of the customer's paths, so the first segments of the server's own paths are reserved.
/// </summary>
internal static class CustomerName
{
    // Routes ignore case.
    private static readonly FrozenSet<string> Reserved =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "task", "job", "api", "health", "docs", "openapi", "console");

    public static bool IsValid(string? name) => TaskId.IsValid(name) && !Reserved.Contains(name!);
}
