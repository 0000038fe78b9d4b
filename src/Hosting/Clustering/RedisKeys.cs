namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// The keys of a cluster in Redis. They begin with the cluster's name, so that clusters can share a Redis. Version 0.1 began all of them with
/// <c>synccluster</c>, whatever the name; the keys of a cluster of that name, the default, are the same in every version.
/// </summary>
internal static class RedisKeys
{
    public const string DefaultName = "synccluster";

    /// <summary>
    /// What the keys of all stored states begin with. The rest is the grain's type, the grain's key and the state's name, separated by slashes:
    /// <c>job/acme/0123456789abcdef01234567/job</c>.
    /// </summary>
    public static string States(string name) => $"{name}/state/";

    /// <summary>The key of the membership.</summary>
    public static string Members(string name) => $"{name}/members/{name}";

    /// <summary>What the keys of the counts of stored bytes begin with.</summary>
    public static string StoredBytes(string name) => $"{name}/stored-bytes/";

    /// <summary>What the keys of the index of jobs begin with.</summary>
    public static string JobIndex(string name) => $"{name}/jobs/";

    /// <summary>The key of the customers that the index of jobs may have entries of.</summary>
    public static string Customers(string name) => $"{name}/customers";

    /// <summary>What the keys begin with that a server uses to try what Redis lets it do.</summary>
    public static string Trials(string name) => $"{name}/trial/";

    /// <summary>The key of the list of keys with which gateways encrypt the console's cookies.</summary>
    public static string ConsoleKeys(string name) => $"{name}/console-keys";

    /// <summary>The key that the membership had in version 0.1. <see cref="NameClaim"/> has it now.</summary>
    public static string MembersInVersion01(string name) => $"{DefaultName}/members/{name}";
}
