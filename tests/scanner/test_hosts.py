"""Which service a URL belongs to, and which URLs the user asked for."""

import pytest

from migrator.scanner.hosts import PROVIDERS, RULES, Recognised, provider, recognise, selected

ACCOUNT = "abcdef1234567890abcdef1234567890"

EXAMPLES = [
    ("https://my-b.oss-cn-hangzhou.aliyuncs.com/a/%E4%B8%AD%20b.png?x-oss-process=image/resize,w_200",
     "oss", "my-b", "cn-hangzhou", "a/中 b.png"),
    ("http://bkt.oss-cn-beijing-internal.aliyuncs.com/x.png", "oss", "bkt", "cn-beijing", "x.png"),
    ("https://bkt.oss-accelerate.aliyuncs.com/x.png", "oss", "bkt", "accelerate", "x.png"),
    ("https://bkt.s3.oss-us-west-1.aliyuncs.com/x.png", "oss", "bkt", "us-west-1", "x.png"),
    ("http://bkt.img-cn-beijing.aliyuncs.com/x.png@80w", "oss", "bkt", "cn-beijing", "x.png@80w"),
    ("https://blog-1258437747.cos.ap-chengdu.myqcloud.com/1.png?imageMogr2/thumbnail/200x",
     "cos", "blog-1258437747", "ap-chengdu", "1.png"),
    ("https://blog-1258437747.file.myqcloud.com/1.png", "cos", "blog-1258437747", None, "1.png"),
    ("https://blog-1258437747.cossh.myqcloud.com/1.png", "cos", "blog-1258437747", None, "1.png"),
    ("http://7fv9cr.com1.z0.glb.clouddn.com/a.png?imageView2/0/w/6", "qiniu", None, None, "a.png"),
    ("http://xyz.bkt.clouddn.com/a.png", "qiniu", None, None, "a.png"),
    ("https://bk.s3-cn-east-1.qiniucs.com/a.png", "qiniu", "bk", "cn-east-1", "a.png"),
    ("https://bk.s3.cn-east-1.qiniucs.com/a.png", "qiniu", "bk", "cn-east-1", "a.png"),
    ("http://myb.b0.upaiyun.com/a/b.jpg!small", "upyun", "myb", None, "a/b.jpg!small"),
    ("https://b.b.obs.cn-north-4.myhuaweicloud.com/i/1.png", "obs", "b.b", "cn-north-4", "i/1.png"),
    ("https://bb.tos-cn-beijing.volces.com/1.png", "tos", "bb", "cn-beijing", "1.png"),
    ("https://bb.tos-s3-cn-beijing.volces.com/1.png", "tos", "bb", "cn-beijing", "1.png"),
    ("https://bb.bj.bcebos.com/1.png", "bos", "bb", "bj", "1.png"),
    ("https://bb.cdn.bcebos.com/1.png", "bos", "bb", None, "1.png"),
    (f"https://pub-{ACCOUNT}.r2.dev/a.png", "r2", None, None, "a.png"),
    (f"https://{ACCOUNT}.eu.r2.cloudflarestorage.com/bkt/a/b.png", "r2", "bkt", None, "a/b.png"),
    ("https://f004.backblazeb2.com/file/mybkt/a/b.png", "b2", "mybkt", None, "a/b.png"),
    ("https://bkt.s3.us-west-004.backblazeb2.com/a.png", "b2", "bkt", "us-west-004", "a.png"),
    ("https://sp.nyc3.cdn.digitaloceanspaces.com/a.png", "spaces", "sp", "nyc3", "a.png"),
    ("https://my.bkt.s3.eu-west-1.amazonaws.com/a.png", "aws", "my.bkt", "eu-west-1", "a.png"),
    ("https://bucket.s3.amazonaws.com/a.png", "aws", "bucket", None, "a.png"),
    ("https://s3-us-west-2.amazonaws.com/bkt/a/b.png", "aws", "bkt", "us-west-2", "a/b.png"),
    ("https://b-u.s3.cn-north-1.amazonaws.com.cn/a", "aws", "b-u", "cn-north-1", "a"),
    ("https://s3.eu-central-1.wasabisys.com/b/a.png", "wasabi", "b", "eu-central-1", "a.png"),
    ("https://storage.googleapis.com/bkt/a/b.png", "gcs", "bkt", None, "a/b.png"),
    ("https://b.kt.storage.googleapis.com/a.png", "gcs", "b.kt", None, "a.png"),
    ("https://firebasestorage.googleapis.com/v0/b/p.appspot.com/o/images%2Fa.png?alt=media&token=x",
     "firebase", "p.appspot.com", None, "images/a.png"),
    ("https://abcdefghijklmnopqrst.supabase.co/storage/v1/object/public/img/a/b.png",
     "supabase", "img", None, "a/b.png"),
    ("https://acct.blob.core.windows.net/c/a.png", "azure", "c", None, "a.png"),
    ("https://raw.githubusercontent.com/o/r/main/a/b.png", "github", "o/r", "main", "a/b.png"),
    ("https://github.com/o/r/blob/main/a.png", "github", "o/r", "main", "a.png"),
    ("https://user-images.githubusercontent.com/12621342/59140274-0ca.png",
     "github", None, None, "12621342/59140274-0ca.png"),
    ("https://github.com/user-attachments/assets/70c41d67-714c-4a13-9fdf-d308b946ef6c",
     "github", None, None, "70c41d67-714c-4a13-9fdf-d308b946ef6c"),
    ("https://cdn.jsdelivr.net/gh/o/r@1.2/a.png", "jsdelivr", "o/r", "1.2", "a.png"),
    ("//cdn.jsdelivr.net/gh/o/r/a.png", "jsdelivr", "o/r", None, "a.png"),
    ("https://gitee.com/u/r/raw/master/a.png", "gitee", None, None, "u/r/raw/master/a.png"),
    ("https://i.imgur.com/9FQY2Xy.jpg", "imgur", None, None, "9FQY2Xy.jpg"),
    ("https://I.LOLI.NET:443/2019/02/09/5c.png#x", "smms", None, None, "2019/02/09/5c.png"),
    ("https://wx1.sinaimg.cn/mw690/856f.jpg", "sina", None, None, "856f.jpg"),
    ("https://tvax3.sinaimg.cn/mw690/856f.jpg", "sina", None, None, "856f.jpg"),
    ("https://s11.sinaimg.cn/mw690/856f.jpg", "sina", None, None, "856f.jpg"),
    ("https://cdn.nlark.com/yuque/0/2022/png/1/165-600.png", "yuque", None, None,
     "yuque/0/2022/png/1/165-600.png"),
    ("https://mmbiz.qpic.cn/mmbiz_jpg/KdASt/640?wx_fmt=jpeg", "wechat", None, None,
     "mmbiz_jpg/KdASt/640"),
    ("https://picx.zhimg.com/v2-abc_r.jpg", "zhihu", None, None, "v2-abc_r.jpg"),
    ("https://img-blog.csdnimg.cn/2019.png#pic_center", "csdn", None, None, "2019.png"),
    ("https://upload-images.jianshu.io/upload_images/1-2.png", "jianshu", None, None,
     "upload_images/1-2.png"),
    ("https://p3-juejin.byteimg.com/tos/ab~tplv-k3u1:0:0.awebp", "bytedance", None, None,
     "tos/ab~tplv-k3u1:0:0.awebp"),
    ("https://ask.qcloudimg.com/http-save/l.png", "qcloudimg", None, None, "http-save/l.png"),
    ("https://img2020.cnblogs.com/blog/1.png", "cnblogs", None, None, "blog/1.png"),
    ("https://i0.hdslb.com/bfs/a.jpg@640w.webp", "bilibili", None, None, "bfs/a.jpg@640w.webp"),
    ("https://cdn.sspai.com/a.png", "sspai", None, None, "a.png"),
    # nobody we know
    ("http://b.oss-cn-beijing-internal.aliyuncs.com/x.png", None, None, None, ""),
    ("https://img.example.com/a.png?x-oss-process=style/s", None, None, None, ""),
    ("https://imgur.com.example.org/a.png", None, None, None, ""),
    ("https://github.com/o/r", None, None, None, ""),
    ("images/a.png", None, None, None, ""),
    ("data:image/png;base64,AAAA", None, None, None, ""),
    ("https://[broken/a.png", None, None, None, ""),
    ("https:///a.png", None, None, None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("url", "name", "bucket", "region", "key"), EXAMPLES)
def test_a_url_tells_its_service_and_place(url, name, bucket, region, key):
    assert recognise(url) == (Recognised(name, bucket, region, key) if name else None)
    assert provider(url) == name


def test_every_provider_has_an_example():
    assert {name for _, name, *_ in EXAMPLES if name} == PROVIDERS


def test_every_rule_has_an_example():
    hosts = [
        url.lower().partition("//")[2].split("/")[0].split(":")[0]
        for url, name, *_ in EXAMPLES
        if name
    ]
    assert [rule for rule in RULES if not any(map(rule.host.fullmatch, hosts))] == []


@pytest.mark.parametrize(
    ("entry", "url", "expected"),
    [
        ("example.com", "https://example.com/a.png", True),
        ("Example.COM", "//img.EXAMPLE.com/a.png", True),
        ("example.com", "https://notexample.com/a.png", False),
        ("example.com", "https://example.com.org/a.png", False),
        ("example.com", "https://x.org/example.com", False),
        ("img.example.com", "https://example.com/a.png", False),
        ("example.com", "https://user:pw@example.com:8080/a.png", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/a.png", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8001/a.png", False),
        ("127.0.0.1", "http://127.0.0.1:8001/a.png", True),
        ("localhost", "http://localhost/a.png", True),
        ("[::1]:80", "http://[::1]:80/a.png", True),
        ("::1", "http://[::1]:80/a.png", True),
        ("oss", "https://bkt.oss-cn-beijing.aliyuncs.com/a.png", True),
        ("OSS", "https://bkt.oss-cn-beijing.aliyuncs.com/a.png", True),
        ("oss", "https://i.imgur.com/a.png", False),
        ("github", "https://github.com/o/r/blob/main/a.png", True),
        ("github", "https://github.com/o/r", False),
        ("img*.example.com", "https://img7.example.com/a.png", True),
        ("img*.example.com", "https://x.org/img7.example.com", False),
        ("*", "https://x.org/a.png", True),
        ("example.com/blog/*", "https://example.com/blog/A.png?x#y", True),
        ("example.com/blog/", "http://example.com/blog/a/b.png", True),
        ("Example.com/Blog/", "http://EXAMPLE.com/Blog/a/b.png", True),
        ("example.com/blog/*.gif", "http://example.com/blog/a/b.png", False),
        ("//example.com/blog/", "//example.com/blog/a.png", True),
        ("example.com/blog/", "https://img.example.com/blog/a.png", False),
        ("*.example.com/blog/", "https://img.example.com/blog/a.png", True),
        ("http://", "http://example.com/a.png", True),
        ("http://", "https://example.com/a.png", False),
        ("https://example.com/a?b=[1]", "https://example.com/a?b=[1]&c", True),
        ("https://example.com/a?b", "https://example.com/axb", False),
        ("*", "images/a.png", False),
        ("example.com", "https://[broken", False),
    ],
)  # fmt: skip
def test_an_entry_takes_what_it_names(entry, url, expected):
    assert selected(url, [entry], ()) is expected
    if url.startswith(("http", "//")):
        assert selected(url, (), [entry]) is not expected


def test_without_entries_every_url_counts():
    assert selected("https://example.com/a.png", (), ())


def test_what_is_skipped_is_skipped_even_if_asked_for():
    hosts, skip = ("example.com", "imgur"), ("cdn.example.com",)
    assert selected("https://img.example.com/a.png", hosts, skip)
    assert selected("https://i.imgur.com/a.png", hosts, skip)
    assert not selected("https://cdn.example.com/a.png", hosts, skip)
    assert not selected("https://example.org/a.png", hosts, skip)


@pytest.mark.timeout(20)
def test_a_name_of_a_million_labels_costs_nothing():
    url = f"https://{'a.' * 1_000_000}com/a.png"
    assert provider(url) is None
    assert not selected(url, ("com", "a*", "oss", "x/"), ())
