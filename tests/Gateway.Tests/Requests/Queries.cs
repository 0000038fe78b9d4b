using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace SyncCluster.Gateway.Tests.Requests;

internal static class Queries
{
    /// <summary>A query string as the server reads it.</summary>
    public static IQueryCollection Query(string text) => new QueryCollection(QueryHelpers.ParseQuery(text));
}
