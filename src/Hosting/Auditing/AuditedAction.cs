namespace SyncCluster.Hosting.Auditing;

/// <summary>Metadata of a route whose requests are in the audit log.</summary>
/// <param name="Name">What the route does: <c>run</c>, <c>cancel</c> and so on.</param>
/// <param name="CallerOf">Who has made a request, once it has been answered; null for somebody who is not known.</param>
internal sealed record AuditedAction(string Name, Func<HttpContext, AuditedCaller?> CallerOf)
{
    /// <summary>The statuses of a request that could not show who it is from, or was not allowed.</summary>
    public static int[] Refusals { get; } = [StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden];

    /// <summary>The statuses that are logged; null for all.</summary>
    public int[]? OnlyStatuses { get; init; }
}

/// <summary>Who has made a request.</summary>
/// <param name="By">What the request has shown: <c>token</c>, <c>task-secret</c>, <c>job-secret</c>, <c>operator-token</c>, or <c>nothing</c> that is right.</param>
/// <param name="Customer">The customer that the caller belongs to; empty if that is not known.</param>
/// <param name="Username">The user's name, never the e-mail; empty without a user.</param>
internal sealed record AuditedCaller(string By, string Customer = "", string Username = "")
{
    public static AuditedCaller Unknown { get; } = new("nothing");
}

/// <summary>Feature of a request whose task is not in its address: it has made the task, or names it in its body.</summary>
/// <param name="Id">The task's id.</param>
internal sealed record AuditedTask(string Id)
{
    /// <summary>The customer that the body names; empty if it names none.</summary>
    public string Customer { get; init; } = "";
}
