namespace SyncCluster.Gateway.WebConsole;

/// <summary>The addresses of the console. All of it lies beneath one, which can be no customer's.</summary>
internal static class ConsolePaths
{
    public const string Root = "/console";

    public const string SignIn = "sign-in";

    /// <summary>Whether a request is one for the console.</summary>
    public static bool Contains(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);

    /// <summary>Where the console is for a request's client: a proxy may serve it below a path.</summary>
    public static string RootOf(HttpRequest request) => $"{request.PathBase}{Root}";

    /// <summary>A path relative to the console's address as a <c>Location</c>; the path of a proxy is added later.</summary>
    public static string LocationOf(string relative) => $"{Root}/{relative}";

    /// <summary>The address of a request relative to the console's, with its query. It is shown on pages: a token that does not belong there is left out.</summary>
    public static string RelativeOf(HttpRequest request) =>
        $"{request.Path.Value![Root.Length..].TrimStart('/')}{(request.Query.ContainsKey("access_token") ? "" : request.QueryString)}";
}
