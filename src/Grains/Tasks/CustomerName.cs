using System.Collections.Frozen;

namespace SyncCluster.Tasks;

/// <summary>A customer's name: the first part of its paths, so none that begins a path of the server's own.</summary>
internal static class CustomerName
{
    // Routes match without regard to case.
    private static readonly FrozenSet<string> Reserved =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "task", "job", "api", "health", "docs", "openapi");

    public static bool IsValid(string? name) => TaskId.IsValid(name) && !Reserved.Contains(name!);
}
