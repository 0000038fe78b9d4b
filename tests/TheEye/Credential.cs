namespace SyncCluster.TheEye;

/// <summary>TheEye's credentials, in ascending order.</summary>
internal static class Credential
{
    private static readonly string[] Words = ["viewer", "user", "agent", "manager", "admin", "integration", "owner", "root"];

    public static bool Reaches(TheEyeUser user, string needed) => Rank(user.Credential) >= Rank(needed);

    private static int Rank(string word) => Array.IndexOf(Words, word);
}
