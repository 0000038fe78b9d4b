namespace SyncCluster.Gateway.Requests;

/// <summary>The customer that a query names, on a path that names none.</summary>
internal static class CustomerInQuery
{
    /// <returns>Null if it names none. TheEye's own client sends the text <c>null</c> if it knows no customer.</returns>
    public static string? Of(IQueryCollection query) => query["customer"].ToString() is { Length: > 0 } named && named != "null" ? named : null;
}
