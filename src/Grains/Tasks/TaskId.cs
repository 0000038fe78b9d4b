using SyncCluster.Jobs;

namespace SyncCluster.Tasks;

/// <summary>A task's id: 1 to 64 of <c>[A-Za-z0-9_-]</c>.</summary>
internal static class TaskId
{
    /// <summary>A new one looks like a job's.</summary>
    public static string New() => JobId.New();

    public static bool IsValid(string id) => id.Length is >= 1 and <= 64 && id.All(IsAllowed);

    public static bool IsAllowed(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-';
}
