namespace SyncCluster.Gateway.Http;

/// <summary>Which web pages may use the service from a browser. Section <c>Cors</c>.</summary>
internal sealed class CorsOptions
{
    public const string Section = "Cors";

    /// <summary>
    /// Origins such as <c>https://app.example.com</c>. Default: none listed, then pages of any origin may run tasks and read jobs, and none may change
    /// tasks.
    /// </summary>
    public string[] AllowedOrigins { get; set; } = [];
}
