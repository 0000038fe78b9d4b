namespace SyncCluster.Tasks;

/// <summary>A customer's name, the first part of most paths: 1 to 64 of <c>[A-Za-z0-9_-]</c>, and none of our own words.</summary>
internal static class CustomerName
{
    private static readonly HashSet<string> Taken = new(["task", "job", "api", "health", "docs", "openapi"], StringComparer.OrdinalIgnoreCase);

    public static bool IsValid(string name) => name.Length is >= 1 and <= 64 && name.All(TaskId.IsAllowed) && !Taken.Contains(name);
}
