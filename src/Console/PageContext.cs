namespace SyncCluster.WebConsole;

/// <summary>What every page needs beside its content.</summary>
public sealed record PageContext
{
    /// <summary>The address that the pages' links are relative to: it ends with <c>/console/</c>.</summary>
    public required string BasePath { get; init; }

    /// <summary>The page's own address, relative to <see cref="BasePath"/>.</summary>
    public required string Path { get; init; }

    /// <summary>Lets the page's script and style load, and no others.</summary>
    public required string Nonce { get; init; }

    /// <summary>Proves of a changing request that it comes from a page of the console.</summary>
    public required string FormToken { get; init; }

    /// <summary>The visitor who has signed in; null if none has.</summary>
    public Visitor? Visitor { get; init; }

    /// <summary>What anybody may call the demonstration with; null if this server is none.</summary>
    public string? DemoToken { get; init; }

    /// <summary>Whether this server has the tasks that it runs.</summary>
    public bool HasTasks { get; init; }
}

/// <summary>Who has signed in.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Customer">The user's customer; empty for the operator.</param>
/// <param name="Credential">In TheEye's words.</param>
/// <param name="MayRun">Whether the credential lets run tasks.</param>
/// <param name="SeesCluster">Whether the cluster's page is for the visitor.</param>
public sealed record Visitor(string Name, string Customer, string Credential, bool MayRun, bool SeesCluster)
{
    public bool IsOperator => Customer.Length == 0;
}
