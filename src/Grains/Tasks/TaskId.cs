using System.Buffers;

namespace SyncCluster.Tasks;

/// <summary>A task's id: 1 to 64 of <c>[A-Za-z0-9_-]</c>, none of which needs to be escaped in a path or a key.</summary>
internal static class TaskId
{
    private static readonly SearchValues<char> Letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool IsValid(string? id) => id is { Length: >= 1 and <= 64 } && !id.AsSpan().ContainsAnyExcept(Letters);
}
