namespace SyncCluster.Silo.Dashboard;

/// <summary>Where the Orleans Dashboard is shown. Section <c>Dashboard</c>.</summary>
internal sealed class DashboardAddressOptions
{
    public const string Section = "Dashboard";

    /// <summary>
    /// An address of its own, such as <c>http://127.0.0.1:8081</c>, at which an operator may sign in and look at the dashboard; null, the default, for none.
    /// It is one of the loopback, or one with <c>https</c>, whose certificate is that of <c>Kestrel:Certificates:Default</c>.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>The address; null if there is none, or it is not valid.</summary>
    public static Uri? Parse(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri is { UserInfo: "", Query: "", Fragment: "", AbsolutePath: "/", IsDefaultPort: false, Port: > 0 }
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            ? uri
            : null;
}
