using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>The console of a gateway, for its operator: a browser without a screen.</summary>
internal sealed partial class OperatorConsole : IDisposable
{
    public const string Token = "operator-token";

    /// <summary>What servers are told of the token.</summary>
    public static string TokenSha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Token)));

    private readonly HttpClient _http;
    private string _proof = "";

    private OperatorConsole(Server gateway) => _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = new() })
    {
        BaseAddress = new Uri(gateway.Address!, "/console/"),
        Timeout = TimeSpan.FromMinutes(1),
    };

    /// <summary>Signs in with the operator's token.</summary>
    public static async Task<OperatorConsole> SignInAsync(Server gateway)
    {
        var console = new OperatorConsole(gateway);
        await console.OpenAsync("sign-in");
        Assert.Equal(HttpStatusCode.SeeOther, await console.SubmitAsync("sign-in", ("token", Token)));
        await console.OpenAsync("cluster");
        return console;
    }

    /// <summary>A silo's address as pages have it.</summary>
    public static string AddressOf(Server silo) => SiloAddress.FromParsableString(ParsableOf(silo.SiloAddress)).ToParsableString();

    public void Dispose() => _http.Dispose();

    /// <summary>Opens a page; its HTML.</summary>
    public async Task<string> OpenAsync(string path)
    {
        var (status, page) = await TryOpenAsync(path);
        Assert.True(status == HttpStatusCode.OK, page);
        return page;
    }

    /// <summary>Opens a page, which may be refused while silos are slow; the status, and the HTML.</summary>
    public async Task<(HttpStatusCode Status, string Page)> TryOpenAsync(string path)
    {
        using var response = await _http.GetAsync(path);
        var page = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.OK)
        {
            _proof = Proof().Match(page).Groups[1].Value;
        }

        return (response.StatusCode, page);
    }

    /// <summary>Sends a form of the last page; the answer's status.</summary>
    public async Task<HttpStatusCode> SubmitAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent([new("form_token", _proof), .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))]);
        using var response = await _http.PostAsync(path, form);
        return response.StatusCode;
    }

    /// <summary>What a silo prints is <c>S127.0.0.1:1:2</c>.</summary>
    private static string ParsableOf(string printed)
    {
        var text = printed.TrimStart('S');
        var colon = text.LastIndexOf(':');
        return $"{text[..colon]}@{text[(colon + 1)..]}";
    }

    [GeneratedRegex("name=\"form-token\" content=\"([^\"]+)\"")]
    private static partial Regex Proof();
}
